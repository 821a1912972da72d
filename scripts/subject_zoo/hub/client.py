"""The client of the Hugging Face Hub: which failures pass, how long they are waited out, what a person is told.

huggingface_hub tries some requests again and others not, and waits for an answer without end. Here whatever may pass
by itself is raised at once, as Transient, and one place waits for all of it: `patiently`. Errors of the libraries are
never shown as they are, since they can hold addresses and headers.
"""

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from threading import Event, Thread
from typing import Any, TypeVar

import httpx2
from huggingface_hub import constants, get_token, is_offline_mode, set_client_factory
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
from huggingface_hub.utils import parse_ratelimit_headers

from subject_zoo.base.errors import UserError
from subject_zoo.hub.environment import TIMEOUT
from subject_zoo.hub.refusals import LOG_IN, in_words, status_in

_PASSING = {408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524}  # the last five: Cloudflare's own
_QUOTA = 429
_OVERTAKEN = {409, 412}  # a commit is under way; the parent is not the head any more
_LONGEST_SILENCE = 60.0  # seconds between lines that tell of one wait
_TOKEN_LIKE = re.compile(r"(hf_|api_org_|Bearer\s+)\S+|\w+://\S+")

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class Transient(Exception):  # noqa: N818
    """A failure that may pass: its text for a person, the status, and the seconds that the Hub asks to wait."""

    def __init__(self, text: str, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True)
class Patience:
    """How long the Hub is waited for, in seconds.

    timeout   without a byte until a request counts as lost
    first     before the second try; doubled with each further one, up to
    longest
    quota     after an answer 429 that does not say how long: the Hub counts commits by the hour
    total     of waiting for one thing until giving up: longer than an hour's quota
    told      until a person is told what is waited for; then ever more rarely, down to once a minute
    """

    timeout: float = TIMEOUT
    first: float = 1.0
    longest: float = 60.0
    quota: float = 300.0
    total: float = 7200.0
    told: float = 10.0

    def wait(self, error: Transient, failures: int) -> float:
        """Seconds until the next try, after so many failures in a row, the last one `error`.

        Never sooner than after any other failure: a Hub that says "at once" each time is not asked each second.
        """
        usual = min(self.first * 2 ** (failures - 1), self.longest)
        if error.retry_after is not None:
            return max(error.retry_after, usual)
        return self.quota if error.status == _QUOTA else usual


class _Client(httpx2.Client):
    """huggingface_hub's client with a timeout for every request, whose passing failures are Transient."""

    def __init__(self, timeout: float) -> None:
        super().__init__(follow_redirects=True)
        self._limits = httpx2.Timeout(timeout).as_dict()

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        if is_offline_mode():
            raise OfflineModeIsEnabled
        request.extensions["timeout"] = self._limits  # the library's own calls say "no timeout"
        try:
            response = super().send(request, **options)
        except (httpx2.TimeoutException, httpx2.NetworkError, httpx2.RemoteProtocolError, httpx2.ProxyError) as error:
            raise Transient(f"the Hub does not answer ({type(error).__name__})") from None
        if response.status_code in _PASSING:
            response.close()
            raise _busy(response.status_code, response.headers)
        return response


def use_hub(patience: Patience) -> None:
    """Make huggingface_hub use this client, in the whole process; `hub_environment` is set before it is loaded."""
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs addresses, and those of uploads are permissions
    set_client_factory(lambda: _Client(patience.timeout))


def check_token() -> None:
    """Raise UserError if huggingface_hub finds no token, neither in HF_TOKEN nor in the file that a login leaves."""
    if not get_token():
        raise UserError(f"publish.repo_id is set, but no token for the Hugging Face Hub is found: {LOG_IN}")


def patiently(what: str, attempt: Callable[[], _Result], patience: Patience) -> _Result:
    """The result of `attempt`, which is called again after each Transient, with a pause and a line in the log, whose
    record says by `until` when it ends, in seconds since 1970.

    `what` says what is done, as "publish 3 shards". Raises UserError when patience ends.
    """
    end = time.monotonic() + patience.total
    with told_while_it_lasts(what, patience.told):
        for failures in count(1):
            try:
                return attempt()
            except Transient as error:
                wait = patience.wait(error, failures)
                if time.monotonic() + wait > end:
                    raise UserError(
                        f"could not {what}: {error}; tried {failures} times, and to wait another {wait:.0f} s is more "
                        f"than the {patience.total / 60:.0f} minutes that are waited; the same command goes on from "
                        "here later"
                    ) from None
                until = time.time() + wait
                _log.warning("%s: %s; next try in %.0f s", what, error, wait, extra={"until": until})
                time.sleep(wait)
    raise AssertionError("count() ends")


@contextmanager
def told_while_it_lasts(what: str, first: float) -> Iterator[None]:
    """Lines in the log while the body lasts, after `first` seconds and ever longer ones: `what`, and for how long."""
    start, over = time.perf_counter(), Event()

    def tell() -> None:
        pauses = (min(first * 2**number, _LONGEST_SILENCE) for number in count())
        while not over.wait(next(pauses)):
            _log.info("%s: still at it after %.0f s", what, time.perf_counter() - start)

    teller = Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


@contextmanager
def readable_errors(repo_id: str) -> Iterator[None]:
    """What huggingface_hub and hf_xet raise inside comes out as Transient or as a UserError about the repository."""
    try:
        yield
    except Exception as error:
        raise _readable(error, repo_id) from None


def _readable(error: Exception, repo_id: str) -> Exception:
    answers = (_answer(cause, repo_id) for cause in _chain(error))
    return next((answer for answer in answers if answer is not None), None) or _failure(error, repo_id)


def _answer(cause: BaseException, repo_id: str) -> Exception | None:
    """What an error says that tells of an answer of the Hub's."""
    match cause:
        case Transient():
            return cause
        case HfHubHTTPError() if cause.response is not None:
            return _refusal(cause.response.status_code, cause.server_message or "", repo_id)
        case json.JSONDecodeError():
            return Transient("the Hub's answer was cut short")
        case OSError() | RuntimeError() if refused := status_in(str(cause)):
            return _refusal(refused, "", repo_id)
    return None


def _failure(error: Exception, repo_id: str) -> Exception:
    """What an error says where there was no answer."""
    kind = type(error).__name__
    if isinstance(error, OfflineModeIsEnabled):
        return UserError(f"{repo_id}: HF_HUB_OFFLINE is set, so nothing can be published; unset it")
    if isinstance(error, httpx2.HTTPError | httpx2.InvalidURL | UnicodeError):
        # A header that cannot be sent, above all, and one of them is a person's: the token. So no text of theirs.
        return UserError(f"{repo_id}: no request can be sent ({kind}): check HF_ENDPOINT and the token; {LOG_IN}")
    # hf_xet raises no classes of its own.
    passing = isinstance(error, OSError | RuntimeError) and not isinstance(error, PermissionError | FileNotFoundError)
    text = f"{kind}: {plain(str(error))}"
    return Transient(f"the upload failed ({text})") if passing else UserError(f"{repo_id}: {text}")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _busy(status: int, headers: Mapping[str, str]) -> Transient:
    text = "the quota of requests or commits is used up" if status == _QUOTA else "the Hub is unwell"
    return Transient(f"{text} (status {status})", status, _asked_wait(headers))


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds by Retry-After, a number or a date, or by the Hub's own header of what is left of a quota."""
    value = headers.get("Retry-After", "").strip()
    if value.isdigit():
        return float(value)
    if value:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        return max(0.0, (moment - datetime.now(moment.tzinfo and UTC)).total_seconds())
    quota = parse_ratelimit_headers(headers)
    return float(quota.reset_in_seconds) if quota and not quota.remaining else None


def _refusal(status: int, message: str, repo_id: str) -> Exception:
    said = f" ({plain(message)})" if message else ""
    if status in _OVERTAKEN:
        return Transient("another change came first", status)
    if status == 400 and "LFS pointer" in message:
        return Transient("a file that was sent is not there yet", status)
    what, advice = in_words(status, message)
    if not what:
        return UserError(f"{repo_id}: {constants.ENDPOINT.partition('://')[2]} refuses, status {status}{said}")
    return UserError(f"{repo_id}: {what}{said}: {advice}")


def plain(text: str) -> str:
    """A library's text as one line without the token, anything like one, and addresses."""
    if token := get_token():
        text = text.replace(token, "...")
    return " ".join(_TOKEN_LIKE.sub("...", text).split())[:300]
