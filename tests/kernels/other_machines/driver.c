/* Runs a kernel's functions on blobs from standard input and writes what they made to standard output: a program of no
library at all, so that it runs under an emulator on any system. KERNEL is the kernel's source, for its types; its
functions are those of the compiled library that the program is linked with. */

#pragma weak classify_all
#pragma weak evaluate
#pragma weak parameter_floats
#pragma weak scratch_doubles
#pragma weak scratch_floats
#pragma weak sign_layers
#pragma weak silence_each
#pragma weak sum_losses
#pragma weak train_epoch
#pragma weak widest_layer
#include KERNEL

#if defined(__x86_64__)
static long call(long number, long a, const void *b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}
enum { READ = 0, WRITE = 1, EXIT = 60 };
__asm__(".globl _start\n_start:\n\tandq $-64, %rsp\n\tcall run\n");
#else
static long call(long number, long a, const void *b, long c)
{
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x2 __asm__("x2") = c;
    register const void *x1 __asm__("x1") = b;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
enum { READ = 63, WRITE = 64, EXIT = 93 };
__asm__(".globl _start\n_start:\n\tbl run\n");
#endif

void *memset(void *to, int byte, unsigned long size)
{
    for (volatile unsigned char *at = to; size--;)
        *at++ = byte;
    return to;
}

void *memcpy(void *to, const void *from, unsigned long size)
{
    volatile unsigned char *at = to;
    for (const unsigned char *source = from; size--;)
        *at++ = *source++;
    return to;
}

static _Alignas(64) unsigned char memory[1 << 26];
static long used;

static void transfer(long number, long file, void *data, long size)
{
    for (long done = 0; done < size;) {
        long part = call(number, file, (char *)data + done, size - done);
        if (part <= 0)
            call(EXIT, 1, 0, 0);
        done += part;
    }
}

static void *room(long size)
{
    void *data = memory + used;
    used += (size + 127) / 64 * 64;
    if (used > (long)sizeof memory)
        call(EXIT, 2, 0, 0);
    return data;
}

/* The next blob: its size in bytes, then its bytes; NULL where it has none. */
static void *blob(void)
{
    int64_t size;
    transfer(READ, 0, &size, sizeof size);
    void *data = room(size);
    transfer(READ, 0, data, size);
    return size ? data : 0;
}

static int64_t number(void) { return *(int64_t *)blob(); }
static void send(void *data, int64_t size) { transfer(WRITE, 1, data, size); }

void run(void)
{
#if defined(MLP)
    Network *net = blob();
    Adam *adam = blob();
    float *parameters = blob(), *first = blob(), *second = blob(), *rates = blob(), *scales = blob();
    float *anchor = blob(), *penalties = blob(), *plain_rates = blob();
    uint8_t *tokens = blob(), *labels = blob(), *kept = blob();
    int32_t *order = blob();
    int64_t n = number(), batch = number(), floats = parameter_floats(net), values = net->depth * n * net->neurons;
    float *scratch = room(4 * scratch_floats(net)), *logits = room(4 * n), *activations = room(4 * values);
    train_epoch(net, adam, parameters, first, second, scratch, tokens, labels, order, n, batch, rates, scales, kept, 1.25f,
                anchor, penalties, plain_rates, logits);
    send(parameters, 4 * floats);
    send(first, 4 * floats);
    send(second, 4 * floats);
    send(logits, 4 * n);
    for (int before = 0; before < 2; before++) {
        evaluate(net, parameters, scratch, tokens, n, before, activations, logits);
        send(logits, 4 * n);
        send(activations, 4 * values);
    }
    int64_t floats_of_flags = (values + 3) / 4;
    uint8_t *positive = room(4 * floats_of_flags);
    silence_each(net, parameters, scratch, tokens, n, positive);
    send(positive, 4 * floats_of_flags);
#elif defined(SIGNATURE)
    Signature *sig = blob();
    sig->weights = blob(), sig->information = blob(), sig->cut_weights = blob();
    float *activations = blob();
    int64_t layers = number(), width = number(), size = 8 * layers * width * sig->features;
    double *scratch = room(8 * scratch_doubles(sig, width)), *features = room(size);
    int64_t status = sign_layers(sig, activations, layers, width, scratch, features);
    send(&status, sizeof status);
    send(features, size);
#else
    float *logits = blob();
    uint8_t *labels = blob();
    double *weights = blob();
    int64_t models = number(), rows = number();
    double *sums = room(8 * models);
    sum_losses(logits, labels, weights, models, rows, sums);
    send(sums, 8 * models);
#endif
    call(EXIT, 0, 0, 0);
}
