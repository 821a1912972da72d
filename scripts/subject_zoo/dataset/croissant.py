"""The dataset described in Croissant 1.1, the format by which search engines and loaders know datasets.

https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html, with its vocabulary for responsible AI (RAI) and the
W3C's for provenance (PROV-O). There is no date in it: equal datasets are described by equal bytes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from subject_zoo.base.files import digest_of, json_bytes
from subject_zoo.base.terms import DATA, SPLITS
from subject_zoo.dataset.layout import table_names
from subject_zoo.dataset.shards import table_schema
from subject_zoo.dataset.statements import Statements

_VOCABULARY = "http://mlcommons.org/croissant/"
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": _VOCABULARY,
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "prov": "http://www.w3.org/ns/prov#",
    "rai": f"{_VOCABULARY}RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES = {pa.int64(): "cr:Int64", pa.int32(): "cr:Int32", pa.float64(): "cr:Float64", pa.string(): "sc:Text"}
_FORMATS = {
    "parquet": "application/x-parquet",
    "safetensors": "application/octet-stream",
    "npz": "application/zip",
    "json": "application/json",
    "png": "image/png",
}
_SPLIT_TYPES = {"train": "cr:TrainingSplit", "validation": "cr:ValidationSplit", "test": "cr:TestSplit"}
_SPLIT_SET = "splits"


def croissant(
    said: Statements,
    files: Mapping[str, Mapping[str, Any]],
    config: Mapping[str, Any],
    license_name: str,
) -> bytes:
    """croissant.json of a folder that holds these files beside its pages, with their entries of the manifest.

    A record set for each configuration of `load_dataset`; `said` is what RAI and provenance are told.
    """
    tables = table_names(config["task_generation"])
    contents = digest_of("\n".join(f"{name} {entry['sha256']}" for name, entry in sorted(files.items())).encode())
    described = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", f"{_VOCABULARY}RAI/1.0"],
        "name": "subject-zoo",
        "description": said.summary,
        "license": f"https://choosealicense.com/licenses/{license_name}/",
        "creator": {"@type": "sc:Organization", "name": "Subject Zoo"},
        "citeAs": said.citation,
        "keywords": ["interpretability", "weight-space learning", "synthetic", "neural networks"],
        "isLiveDataset": False,
        "version": f"1.0.0+{contents[:12]}",
        "distribution": [*_file_sets(tables), *_file_objects(files)],
        "recordSet": [_splits(), *(_record_set(table, config) for table in tables)],
        "rai:dataCollection": " ".join(said.collection),
        "rai:dataCollectionType": ["Software Collection", "Experiments"],
        "rai:dataPreprocessingProtocol": list(said.preprocessing),
        "rai:dataAnnotationProtocol": list(said.labels),
        "rai:dataUseCases": list(said.uses),
        "rai:dataLimitations": [*said.limitations, *(f"Not for: {use}" for use in said.misuses)],
        "rai:dataBiases": list(said.biases),
        "rai:personalSensitiveInformation": [said.personal],
        "rai:dataSocialImpact": said.social_impact,
        "rai:dataReleaseMaintenancePlan": said.maintenance,
        "rai:hasSyntheticData": True,
        "prov:wasDerivedFrom": said.sources,
        "prov:wasGeneratedBy": {"@type": "prov:Activity", "prov:label": said.activity},
    }
    return json_bytes(described) + b"\n"


def _name_of(table: str) -> str:
    """What a table is called where datasets are loaded."""
    return "default" if table == DATA else table


def _file_sets(tables: list[str]) -> Iterator[dict[str, Any]]:
    for table in tables:
        yield {
            "@type": "cr:FileSet",
            "@id": f"{_name_of(table)}-files",
            "name": f"{_name_of(table)}-files",
            "description": f"The tables of the configuration {_name_of(table)}, by split.",
            "encodingFormat": _FORMATS["parquet"],
            "includes": f"{table}/*/*.parquet",
        }


def _file_objects(files: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for name, entry in sorted(files.items()):
        yield {
            "@type": "cr:FileObject",
            "@id": name,
            "name": name,
            "contentUrl": name,
            "contentSize": f"{entry['size']} B",
            "encodingFormat": _FORMATS[name.rpartition(".")[2]],
            "sha256": entry["sha256"],
        }


def _splits() -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": _SPLIT_SET,
        "name": _SPLIT_SET,
        "description": "The splits, by the folders that tables stand in.",
        "dataType": "cr:Split",
        "key": {"@id": f"{_SPLIT_SET}/name"},
        "field": [
            {"@type": "cr:Field", "@id": f"{_SPLIT_SET}/name", "name": "name", "dataType": "sc:Text"},
            {"@type": "cr:Field", "@id": f"{_SPLIT_SET}/url", "name": "url", "dataType": "sc:URL"},
        ],
        "data": [{f"{_SPLIT_SET}/name": split, f"{_SPLIT_SET}/url": _SPLIT_TYPES[split]} for split in SPLITS],
    }


def _record_set(table: str, config: Mapping[str, Any]) -> dict[str, Any]:
    name = _name_of(table)
    schema = table_schema(table, config["task_generation"], config["validation"]["ablation"])
    files = {"fileSet": {"@id": f"{name}-files"}}
    split = {
        "@type": "cr:Field",
        "@id": f"{name}/split",
        "name": "split",
        "description": "The split that a record stands in.",
        "dataType": "sc:Text",
        "source": {
            **files,
            "extract": {"fileProperty": "fullpath"},
            "transform": {"regex": f"^(?:{table}/)?({'|'.join(SPLITS)})(?:/.+)?$"},  # of a split itself too
        },
        "references": {"field": {"@id": f"{_SPLIT_SET}/name"}},
    }
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"The configuration {name}: a record for each network.",
        "key": {"@id": f"{name}/example_id"},
        "field": [split, *(_field(name, field, files) for field in schema)],
    }


def _field(table: str, field: pa.Field, files: Mapping[str, Any]) -> dict[str, Any]:
    is_list = pa.types.is_list(field.type)
    return {
        "@type": "cr:Field",
        "@id": f"{table}/{field.name}",
        "name": field.name,
        "dataType": _TYPES[field.type.value_type if is_list else field.type],
        **({"isArray": True, "arrayShape": "-1"} if is_list else {}),
        "source": {**files, "extract": {"column": field.name}},
    }
