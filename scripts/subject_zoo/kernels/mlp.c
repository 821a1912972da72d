/* Training and evaluation of one subject model, an MLP, on one core. mlp.py is its only caller.

Every number is defined by this text: no sum is reordered, products and sums are fused where `fma` stands and nowhere
else (-ffp-contract=off), exp and erf are written out, denormals are zero. So bits do not depend on the processor, on
its vector length or on the compiler, nor a row's result on the rows beside it.

Layers are padded with zeros to a width that is a multiple of LANES. Padding is exact: a padded unit has no outgoing
weight, and no gradient reaches its own ones, since its activation is held at 0. What goes through memory number by
number is done in vectors of twice that length, which a processor without them takes in two halves. */

#define SCALAR float
#include "vectors.h"

#define WIDE_LANES 16
#define BLOCK 32 /* rows that go through all layers together: their values stay in the first-level cache */
#define WIDEST 256
#define LEAKY_SLOPE 0.01f

typedef float wide __attribute__((vector_size(4 * WIDE_LANES)));
typedef int32_t wide_int __attribute__((vector_size(4 * WIDE_LANES)));
typedef wide unaligned_wide __attribute__((aligned(4)));

enum activation { RELU, GELU, TANH, SIGMOID, LEAKY_RELU };

typedef struct {
    int32_t depth;      /* hidden layers */
    int32_t width;      /* neurons in each, padded to a multiple of LANES */
    int32_t neurons;    /* neurons in each that are real */
    int32_t tokens;     /* of a sequence */
    int32_t vocabulary; /* of one-hot input; 1 for ordinal input */
    int32_t one_hot;
    int32_t activation;
} Network;

typedef struct {
    float one_less_beta1;
    float one_less_beta2;
    float epsilon;
} Adam;

/* A buffer of scratch_floats(network), in parts; layer l of `values` is at l * BLOCK * width, and so on. */
typedef struct {
    float *values;     /* [depth, BLOCK, width] after the nonlinearity */
    float *slopes;     /* [depth, BLOCK, width] its derivative */
    float *before;     /* [depth, BLOCK, width] before the nonlinearity; kept where `keeps_before` */
    float *deltas;     /* [2, BLOCK, width] dLoss/dbefore of a layer and of the next one */
    float *inputs;     /* [BLOCK, input_rows] of ordinal input; the columns that fill it stay 0 */
    float *transposed; /* [depth, width, width] weights of hidden layers 1 and up */
    float *gradients;  /* as the parameters */
    int keeps_before;
} Workspace;

/* Vectors */

INLINE wide load_wide(const float *from) { return *(const unaligned_wide *)from; }
INLINE void store_wide(float *to, wide value) { *(unaligned_wide *)to = value; }
INLINE wide splat_wide(float x) { return (wide){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
INLINE wide fma_wide(wide a, wide b, wide c) { return __builtin_elementwise_fma(a, b, c); }
INLINE wide choose(wide_int mask, wide yes, wide no)
{
    return (wide)((mask & (wide_int)yes) | (~mask & (wide_int)no));
}

INLINE uint32_t flush_denormals(void)
{
#ifdef __x86_64__
    uint32_t before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before | 0x8040); /* FTZ and DAZ */
    return before;
#else
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | 1 << 24)); /* FZ */
    return (uint32_t)before;
#endif
}

INLINE void restore_denormals(uint32_t before)
{
#ifdef __x86_64__
    __builtin_ia32_ldmxcsr(before);
#else
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)before));
#endif
}

/* exp(x), within 2 units in the last place, x held to [-87, 88]: 2^n times a polynomial in x - n ln 2, with the
coefficients of S. L. Moshier's Cephes library (expf). */
INLINE wide exponential(wide x)
{
    x = __builtin_elementwise_min(__builtin_elementwise_max(x, splat_wide(-87.0f)), splat_wide(88.0f));
    const wide rounder = splat_wide(12582912.0f); /* 1.5 * 2^23: what is added to it is rounded to a whole number */
    wide shifted = fma_wide(x, splat_wide(1.44269504f), rounder);
    wide whole = shifted - rounder;
    wide rest = fma_wide(whole, splat_wide(2.12194440e-4f), fma_wide(whole, splat_wide(-0.693359375f), x)); /* ln 2 in two parts */
    wide p = splat_wide(1.9875691500e-4f);
    p = fma_wide(p, rest, splat_wide(1.3981999507e-3f));
    p = fma_wide(p, rest, splat_wide(8.3334519073e-3f));
    p = fma_wide(p, rest, splat_wide(4.1665795894e-2f));
    p = fma_wide(p, rest, splat_wide(1.6666665459e-1f));
    p = fma_wide(p, rest, splat_wide(5.0000001201e-1f));
    p = fma_wide(p, rest * rest, rest) + splat_wide(1.0f);
    wide_int exponent = ((wide_int)shifted - (wide_int)rounder + 127) << 23;
    return p * (wide)exponent;
}

INLINE wide logistic(wide x) { return splat_wide(1.0f) / (splat_wide(1.0f) + exponential(-x)); }

/* Matrix products */

/* Rows of c = start + a b in one stroke, `wides` and then `vecs` vectors of each, `steps` products added to each number
one after another, with all sums in registers. */
INLINE void multiply_tile(const int rows, const int wides, const int vecs, int64_t steps, const float *a, int64_t a_row,
                          int64_t a_step, const float *b, int64_t b_step, float *c, const float *start,
                          int64_t start_row)
{
    wide wide_sums[8][2];
    vec sums[8];
    for (int r = 0; r < rows; r++) {
        for (int w = 0; w < wides; w++)
            wide_sums[r][w] = load_wide(start + r * start_row + w * WIDE_LANES);
        if (vecs)
            sums[r] = load(start + r * start_row + wides * WIDE_LANES);
    }
    for (int64_t k = 0; k < steps; k++) {
        const float *row = b + k * b_step;
        for (int r = 0; r < rows; r++) {
            float factor = a[r * a_row + k * a_step];
            for (int w = 0; w < wides; w++)
                wide_sums[r][w] = fma_wide(splat_wide(factor), load_wide(row + w * WIDE_LANES), wide_sums[r][w]);
            if (vecs)
                sums[r] = fma(splat(factor), load(row + wides * WIDE_LANES), sums[r]);
        }
    }
    for (int r = 0; r < rows; r++) {
        for (int w = 0; w < wides; w++)
            store_wide(c + r * b_step + w * WIDE_LANES, wide_sums[r][w]);
        if (vecs)
            store(c + r * b_step + wides * WIDE_LANES, sums[r]);
    }
}

#ifdef __AVX512F__ /* 32 registers of 16 floats */
#define TILE_ROWS 8
INLINE int64_t tile_vecs(int64_t left) { return left > 5 ? 4 : left; }
#else /* 16 of 8, or 32 of 4 */
#define TILE_ROWS 4
INLINE int64_t tile_vecs(int64_t left) { return left == 4 ? 2 : left > 3 ? 3 : left; }
#endif

/* c[rows, columns] = start + a b, the products added one after another; `start` has rows `start_row` apart (0: one row
for all) and may be c. a[r, k] is at a + r * a_row + k * a_step; b and c lie row by row. rows: a multiple of 8. */
static void multiply(int64_t rows, int64_t columns, int64_t steps, const float *a, int64_t a_row, int64_t a_step,
                     const float *b, float *c, const float *start, int64_t start_row)
{
#define TILES(height, wides, vecs)                                                                                     \
    for (int64_t r = 0; r < rows; r += (height))                                                                       \
    multiply_tile(height, wides, vecs, steps, a + r * a_row, a_row, a_step, b + column, columns,                       \
                  c + r * columns + column, start + r * start_row + column, start_row)
    for (int64_t column = 0, taken; column < columns; column += taken * LANES) {
        taken = tile_vecs((columns - column) / LANES);
        switch (taken) {
        case 1: TILES(8, 0, 1); break;
        case 2: TILES(TILE_ROWS, 1, 0); break;
        case 3: TILES(TILE_ROWS, 1, 1); break;
        case 4: TILES(TILE_ROWS, 2, 0); break;
        default: TILES(TILE_ROWS, 2, 1);
        }
    }
#undef TILES
}

static void transpose(int64_t width, const float *from, float *to)
{
    for (int64_t i = 0; i < width; i++)
        for (int64_t o = 0; o < width; o++)
            to[o * width + i] = from[i * width + o];
}

/* Where things lie in the flat parameters: a layer's weights [inputs, width], then its biases [width]; the output
layer's weights [width], then its bias and what fills a wide vector. */

INLINE int64_t input_rows(const Network *net)
{
    int64_t inputs = (int64_t)net->tokens * net->vocabulary;
    return (inputs + LANES - 1) / LANES * LANES;
}

INLINE int64_t weights_at(const Network *net, int64_t layer)
{
    return layer == 0 ? 0 : (input_rows(net) + 1 + (layer - 1) * (net->width + 1)) * net->width;
}

INLINE int64_t biases_at(const Network *net, int64_t layer)
{
    int64_t inputs = layer == 0 ? input_rows(net) : layer == net->depth ? 1 : net->width;
    return weights_at(net, layer) + inputs * net->width;
}

EXPORT int64_t widest_layer(void) { return WIDEST; }

EXPORT int64_t parameter_floats(const Network *net)
{
    return (biases_at(net, net->depth) + WIDE_LANES) / WIDE_LANES * WIDE_LANES;
}

EXPORT int64_t scratch_floats(const Network *net)
{
    int64_t width = net->width, depth = net->depth;
    return BLOCK * (3 * depth * width + 2 * width + input_rows(net)) + depth * width * width + parameter_floats(net);
}

static Workspace divide(const Network *net, float *scratch)
{
    int64_t block = BLOCK * net->width, depth = net->depth;
    Workspace work = {.values = scratch};
    work.slopes = work.values + depth * block;
    work.before = work.slopes + depth * block;
    work.deltas = work.before + depth * block;
    work.inputs = work.deltas + 2 * block;
    work.transposed = work.inputs + BLOCK * input_rows(net);
    work.gradients = work.transposed + depth * net->width * net->width;
    for (int64_t i = 0; i < BLOCK * input_rows(net); i++)
        work.inputs[i] = 0.0f;
    return work;
}

/* Nonlinearities */

INLINE void activate_by(const enum activation activation, int64_t count, float *values, float *slopes)
{
    const wide zero = splat_wide(0.0f), one = splat_wide(1.0f);
    for (int64_t i = 0; i < count; i += WIDE_LANES) {
        wide x = load_wide(values + i), y, slope;
        if (activation == RELU) {
            y = choose(x > zero, x, zero);
            slope = choose(x > zero, one, zero);
        } else if (activation == LEAKY_RELU) {
            slope = choose(x > zero, one, splat_wide(LEAKY_SLOPE));
            y = x * slope;
        } else if (activation == SIGMOID) {
            y = logistic(x);
            slope = y * (one - y);
        } else if (activation == TANH) { /* tanh x = 2 sigmoid(2x) - 1 */
            wide s = logistic(x + x);
            y = s + s - one;
            slope = one - y * y;
        } else { /* GELU: x times the normal distribution function, by Abramowitz & Stegun (1964), 7.1.26 */
            wide size = choose(x < zero, -x, x);
            wide bell = exponential(splat_wide(-0.5f) * x * x);
            wide t = one / fma_wide(size, splat_wide(0.3275911f * 0.707106781f), one);
            wide p = splat_wide(1.061405429f);
            p = fma_wide(p, t, splat_wide(-1.453152027f));
            p = fma_wide(p, t, splat_wide(1.421413741f));
            p = fma_wide(p, t, splat_wide(-0.284496736f));
            p = fma_wide(p, t, splat_wide(0.254829592f));
            wide above = splat_wide(0.5f) * p * t * bell; /* the share beyond |x| */
            wide share = choose(x < zero, above, one - above);
            y = x * share;
            slope = fma_wide(x * splat_wide(0.398942280f), bell, share);
        }
        store_wide(values + i, y);
        store_wide(slopes + i, slope);
    }
}

static void activate(const Network *net, int64_t rows, float *values, float *slopes)
{
    int64_t count = rows * net->width;
    switch (net->activation) {
    case RELU: activate_by(RELU, count, values, slopes); break;
    case GELU: activate_by(GELU, count, values, slopes); break;
    case TANH: activate_by(TANH, count, values, slopes); break;
    case SIGMOID: activate_by(SIGMOID, count, values, slopes); break;
    default: activate_by(LEAKY_RELU, count, values, slopes);
    }
    if (net->activation == SIGMOID) /* the only one that is not 0 at 0 */
        for (int64_t r = 0; r < rows; r++)
            for (int64_t n = net->neurons; n < net->width; n++)
                values[r * net->width + n] = 0.0f;
}

/* Inverted dropout: kept units count for those that are not. `kept` holds a byte a neuron, row by row. */
static void drop(const Network *net, int64_t rows, const uint8_t *kept, float scale, float *values, float *slopes)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t n = 0; n < net->neurons; n++) {
            float factor = kept[r * net->neurons + n] ? scale : 0.0f;
            values[r * net->width + n] *= factor;
            slopes[r * net->width + n] *= factor;
        }
}

/* Passes over one block of rows; `count`, a multiple of WIDE_LANES, is at most BLOCK. */

static void first_layer(const Network *net, const float *parameters, const uint8_t *const *rows, int64_t count,
                        Workspace *work)
{
    int64_t width = net->width, columns = input_rows(net);
    const float *weights = parameters, *biases = parameters + biases_at(net, 0);
    if (!net->one_hot) {
        for (int64_t r = 0; r < count; r++)
            for (int64_t t = 0; t < net->tokens; t++)
                work->inputs[r * columns + t] = rows[r][t];
        multiply(count, width, net->tokens, work->inputs, columns, 1, weights, work->values, biases, 0);
        return;
    }
    for (int64_t r = 0; r < count; r++) /* a product with indicators is a sum of a few rows */
        for (int64_t n = 0; n < width; n += LANES) {
            vec sum = load(biases + n);
            for (int64_t t = 0; t < net->tokens; t++)
                sum += load(weights + (t * net->vocabulary + rows[r][t]) * width + n);
            store(work->values + r * width + n, sum);
        }
}

static void first_layer_gradient(const Network *net, const uint8_t *const *rows, int64_t count, const float *delta,
                                 Workspace *work)
{
    int64_t width = net->width, columns = input_rows(net);
    if (!net->one_hot) {
        multiply(columns, width, count, work->inputs, 1, columns, delta, work->gradients, work->gradients, width);
        return;
    }
    for (int64_t r = 0; r < count; r++)
        for (int64_t t = 0; t < net->tokens; t++) {
            float *gradient = work->gradients + (t * net->vocabulary + rows[r][t]) * width;
            for (int64_t n = 0; n < width; n += LANES)
                store(gradient + n, load(gradient + n) + load(delta + r * width + n));
        }
}

/* Logits of `count` rows whose last hidden layer has the values `last` [count, width]. */
static void output_layer(const Network *net, const float *parameters, int64_t count, const float *last, float *logits)
{
    int64_t width = net->width;
    const float *weights = parameters + weights_at(net, net->depth);
    for (int64_t r = 0; r < count; r++) {
        vec sum = splat(0.0f);
        for (int64_t n = 0; n < width; n += LANES)
            sum = fma(load(last + r * width + n), load(weights + n), sum);
        logits[r] = total(sum) + parameters[biases_at(net, net->depth)];
    }
}

/* A hidden layer's sums of `count` rows, from the values of the layer before it. */
static void later_layer(const Network *net, const float *parameters, int64_t layer, int64_t count, const float *before,
                        float *sums)
{
    multiply(count, net->width, net->width, before, net->width, 1, parameters + weights_at(net, layer), sums,
             parameters + biases_at(net, layer), 0);
}

/* Logits of `count` rows; where `rows` is NULL, work->values holds the first layer's sums already. `kept`, where not
NULL, is [depth, kept_rows, neurons], from this block's first row on, and has bytes for its first `real` rows. */
static void forward(const Network *net, const float *parameters, const uint8_t *const *rows, int64_t count,
                    int64_t real, const uint8_t *kept, int64_t kept_rows, float kept_scale, Workspace *work,
                    float *logits)
{
    int64_t width = net->width, block = BLOCK * width;
    for (int64_t layer = 0; layer < net->depth; layer++) {
        float *values = work->values + layer * block, *slopes = work->slopes + layer * block;
        if (layer == 0 && rows)
            first_layer(net, parameters, rows, count, work);
        else if (layer > 0)
            later_layer(net, parameters, layer, count, values - block, values);
        if (work->keeps_before)
            for (int64_t i = 0; i < count * width; i++)
                work->before[layer * block + i] = values[i];
        activate(net, count, values, slopes);
        if (kept)
            drop(net, real, kept + layer * kept_rows * net->neurons, kept_scale, values, slopes);
    }
    output_layer(net, parameters, count, work->values + (net->depth - 1) * block, logits);
}

/* Adds to work->gradients what `errors`, dLoss/dlogit of the rows of the latest `forward`, ask for. */
static void backward(const Network *net, const float *parameters, const uint8_t *const *rows, int64_t count,
                     const float *errors, Workspace *work)
{
    int64_t width = net->width, depth = net->depth, block = BLOCK * width;
    const float *weights = parameters + weights_at(net, depth), *last = work->values + (depth - 1) * block;
    const float *slopes = work->slopes + (depth - 1) * block;
    float *gradients = work->gradients + weights_at(net, depth), *bias = work->gradients + biases_at(net, depth);
    float *delta = work->deltas + (depth - 1) % 2 * block;
    for (int64_t n = 0; n < width; n += LANES) {
        vec sum = load(gradients + n), weight = load(weights + n);
        for (int64_t r = 0; r < count; r++) {
            vec error = splat(errors[r]);
            sum = fma(error, load(last + r * width + n), sum);
            store(delta + r * width + n, error * weight * load(slopes + r * width + n));
        }
        store(gradients + n, sum);
    }
    for (int64_t r = 0; r < count; r++)
        *bias += errors[r];
    for (int64_t layer = depth - 1;; layer--) {
        delta = work->deltas + layer % 2 * block;
        bias = work->gradients + biases_at(net, layer);
        gradients = work->gradients + weights_at(net, layer);
        for (int64_t n = 0; n < width; n += LANES) {
            vec sum = load(bias + n);
            for (int64_t r = 0; r < count; r++)
                sum += load(delta + r * width + n);
            store(bias + n, sum);
        }
        if (layer == 0)
            break;
        float *next = work->deltas + (layer - 1) % 2 * block;
        static const float zeros[WIDEST];
        multiply(width, width, count, work->values + (layer - 1) * block, 1, width, delta, gradients, gradients, width);
        multiply(count, width, width, delta, width, 1, work->transposed + layer * width * width, next, zeros, 0);
        slopes = work->slopes + (layer - 1) * block;
        for (int64_t i = 0; i < count * width; i += WIDE_LANES)
            store_wide(next + i, load_wide(next + i) * load_wide(slopes + i));
    }
    first_layer_gradient(net, rows, count, delta, work);
}

/* Adam (Kingma & Ba 2015, Algorithm 1). `rate` is the learning rate over 1 - beta1^t, `scale` 1 / sqrt(1 - beta2^t). */
static void adam_step(const Adam *adam, int64_t count, float rate, float scale, const float *gradients,
                      float *parameters, float *first, float *second)
{
    for (int64_t i = 0; i < count; i += WIDE_LANES) {
        wide gradient = load_wide(gradients + i);
        wide m = load_wide(first + i), v = load_wide(second + i);
        m = fma_wide(splat_wide(adam->one_less_beta1), gradient - m, m);
        v = fma_wide(splat_wide(adam->one_less_beta2), gradient * gradient - v, v);
        store_wide(first + i, m);
        store_wide(second + i, v);
        wide divisor = fma_wide(__builtin_elementwise_sqrt(v), splat_wide(scale), splat_wide(adam->epsilon));
        store_wide(parameters + i, load_wide(parameters + i) - splat_wide(rate) * m / divisor);
    }
}

/* The proximal step of an L1 penalty on the distance to `anchor` (Parikh & Boyd 2014, section 6.5.2): each parameter's
difference, less in size by its penalty times the learning rate, or none. An infinite penalty holds a parameter, and so
does a difference that is no number. */
static void proximal_step(int64_t count, float rate, const float *anchor, const float *penalties, float *parameters)
{
    for (int64_t i = 0; i < count; i += WIDE_LANES) {
        wide start = load_wide(anchor + i), threshold = splat_wide(rate) * load_wide(penalties + i);
        wide difference = load_wide(parameters + i) - start;
        wide fallen = choose(difference < -threshold, difference + threshold, splat_wide(0.0f));
        store_wide(parameters + i, start + choose(difference > threshold, difference - threshold, fallen));
    }
}

/* Rows of a block by the places of their tokens, filled up to wide vectors by the block's first, which counts nothing. */
INLINE int64_t gather(const Network *net, const uint8_t *tokens, const int32_t *order, int64_t first, int64_t real,
                      const uint8_t **rows)
{
    int64_t count = (real + WIDE_LANES - 1) / WIDE_LANES * WIDE_LANES;
    for (int64_t r = 0; r < count; r++) {
        int64_t place = first + (r < real ? r : 0);
        rows[r] = tokens + (order ? order[place] : place) * net->tokens;
    }
    return count;
}

/* One pass over the rows [n, tokens] in `order`, an Adam step each `batch` of them; the logits before each step, in
that order. `rates` and `scales` are those of `adam_step`. `kept`, where not NULL, is dropout's [steps, depth, batch,
neurons]; where `anchor` is not NULL, a proximal step follows each Adam step, by `penalties` and the `plain_rates`. */
EXPORT void train_epoch(const Network *net, const Adam *adam, float *parameters, float *first, float *second,
                        float *scratch, const uint8_t *tokens, const uint8_t *labels, const int32_t *order, int64_t n,
                        int64_t batch, const float *rates, const float *scales, const uint8_t *kept, float kept_scale,
                        const float *anchor, const float *penalties, const float *plain_rates, float *logits)
{
    uint32_t denormals = flush_denormals();
    Workspace work = divide(net, scratch);
    int64_t floats = parameter_floats(net), width = net->width;
    const uint8_t *rows[BLOCK];
    float block_logits[BLOCK], errors[BLOCK];
    for (int64_t start = 0, step = 0; start < n; start += batch, step++) {
        int64_t in_batch = n - start < batch ? n - start : batch;
        for (int64_t i = 0; i < floats; i++)
            work.gradients[i] = 0.0f;
        for (int64_t layer = 1; layer < net->depth; layer++)
            transpose(width, parameters + weights_at(net, layer), work.transposed + layer * width * width);
        for (int64_t done = 0; done < in_batch; done += BLOCK) {
            int64_t real = in_batch - done < BLOCK ? in_batch - done : BLOCK;
            int64_t count = gather(net, tokens, order, start + done, real, rows);
            const uint8_t *of_block = kept ? kept + (step * net->depth * batch + done) * net->neurons : 0;
            forward(net, parameters, rows, count, real, of_block, batch, kept_scale, &work, block_logits);
            for (int64_t r = 0; r < count; r += WIDE_LANES) /* d/dz of binary cross-entropy with logits: sigmoid(z) - y */
                store_wide(errors + r, logistic(load_wide(block_logits + r)));
            for (int64_t r = 0; r < count; r++)
                errors[r] = r < real ? (errors[r] - labels[order[start + done + r]]) / (float)in_batch : 0.0f;
            for (int64_t r = 0; r < real; r++)
                logits[start + done + r] = block_logits[r];
            backward(net, parameters, rows, count, errors, &work);
        }
        adam_step(adam, floats, rates[step], scales[step], work.gradients, parameters, first, second);
        if (anchor)
            proximal_step(floats, plain_rates[step], anchor, penalties, parameters);
    }
    restore_denormals(denormals);
}

/* Logits [n] of the rows [n, tokens]; and, where `activations` is not NULL, all hidden layers' values [depth, n,
neurons], before the nonlinearity where `before`, else after it. */
EXPORT void evaluate(const Network *net, const float *parameters, float *scratch, const uint8_t *tokens, int64_t n,
                     int32_t before, float *activations, float *logits)
{
    uint32_t denormals = flush_denormals();
    Workspace work = divide(net, scratch);
    const uint8_t *rows[BLOCK];
    float block_logits[BLOCK];
    work.keeps_before = activations && before;
    for (int64_t start = 0; start < n; start += BLOCK) {
        int64_t real = n - start < BLOCK ? n - start : BLOCK;
        int64_t count = gather(net, tokens, 0, start, real, rows);
        forward(net, parameters, rows, count, real, 0, 0, 1.0f, &work, block_logits);
        for (int64_t r = 0; r < real; r++)
            logits[start + r] = block_logits[r];
        if (!activations)
            continue;
        for (int64_t layer = 0; layer < net->depth; layer++) {
            const float *from = (before ? work.before : work.values) + layer * BLOCK * net->width;
            float *to = activations + (layer * n + start) * net->neurons;
            for (int64_t r = 0; r < real; r++)
                for (int64_t i = 0; i < net->neurons; i++)
                    to[r * net->neurons + i] = from[r * net->width + i];
        }
    }
    restore_denormals(denormals);
}

/* The first layer's sums [width] of a sequence up to a place, with the token at that place; of all places in their order
these are the sums of `first_layer`, bit for bit. */
INLINE void add_token(const Network *net, const float *weights, int64_t place, int64_t token, const float *sums,
                      float *with_token)
{
    const float *row = weights + (net->one_hot ? place * net->vocabulary + token : place) * net->width;
    for (int64_t n = 0; n < net->width; n += LANES) {
        vec sum = load(sums + n), weight = load(row + n);
        store(with_token + n, net->one_hot ? sum + weight : fma(splat((float)token), weight, sum));
    }
}

/* Whether the logit is above 0, [letters ^ tokens], of all sequences in the order of a dictionary. One is like the one
before it but for its last places, so only these are added to the sums of what the two share. `prefixes` is [tokens,
width] and `sequence` [tokens], room to work in. */
EXPORT void classify_all(const Network *net, const float *parameters, float *scratch, int64_t letters, float *prefixes,
                         uint8_t *sequence, int64_t n, uint8_t *positive)
{
    uint32_t denormals = flush_denormals();
    Workspace work = divide(net, scratch);
    float logits[BLOCK];
    int64_t width = net->width, last = net->tokens - 1, changed = 0;
    for (int64_t i = 0; i < width; i++)
        prefixes[i] = parameters[biases_at(net, 0) + i];
    for (int64_t t = 0; t <= last; t++)
        sequence[t] = 0;
    for (int64_t start = 0; start < n; start += BLOCK) {
        int64_t real = n - start < BLOCK ? n - start : BLOCK;
        for (int64_t r = 0; r < real; r++) {
            for (int64_t t = changed; t < last; t++)
                add_token(net, parameters, t, sequence[t], prefixes + t * width, prefixes + (t + 1) * width);
            add_token(net, parameters, last, sequence[last], prefixes + last * width, work.values + r * width);
            for (changed = last; changed > 0 && sequence[changed] == letters - 1; changed--)
                sequence[changed] = 0;
            sequence[changed]++;
        }
        forward(net, parameters, 0, BLOCK, real, 0, 0, 1.0f, &work, logits); /* rows from `real` on count nothing */
        for (int64_t r = 0; r < real; r++)
            positive[start + r] = logits[r] > 0.0f;
    }
    restore_denormals(denormals);
}

/* Whether the logit is above 0, [n, depth, neurons], of the rows [n, tokens] where one hidden neuron's value after the
nonlinearity is held at 0, for each of them. What comes before it is as in `evaluate`, bit for bit, and what comes after
as in a network without the weights that leave it. */
EXPORT void silence_each(const Network *net, const float *parameters, float *scratch, const uint8_t *tokens, int64_t n,
                         uint8_t *positive)
{
    uint32_t denormals = flush_denormals();
    Workspace work = divide(net, scratch);
    const uint8_t *rows[BLOCK];
    float logits[BLOCK], held[BLOCK];
    int64_t width = net->width, block = BLOCK * width, hidden = net->depth * net->neurons;
    for (int64_t start = 0; start < n; start += BLOCK) {
        int64_t real = n - start < BLOCK ? n - start : BLOCK;
        int64_t count = gather(net, tokens, 0, start, real, rows);
        forward(net, parameters, rows, count, real, 0, 0, 1.0f, &work, logits);
        for (int64_t silent = 0; silent < hidden; silent++) {
            int64_t layer = silent / net->neurons, neuron = silent % net->neurons;
            float *values = work.values + layer * block;
            const float *last = values;
            for (int64_t r = 0; r < count; r++) {
                held[r] = values[r * width + neuron];
                values[r * width + neuron] = 0.0f;
            }
            for (int64_t next = layer + 1; next < net->depth; next++) {
                float *after = work.before + next * block;
                later_layer(net, parameters, next, count, last, after);
                activate(net, count, after, work.slopes + next * block);
                last = after;
            }
            output_layer(net, parameters, count, last, logits);
            for (int64_t r = 0; r < real; r++)
                positive[(start + r) * hidden + silent] = logits[r] > 0.0f;
            for (int64_t r = 0; r < count; r++)
                values[r * width + neuron] = held[r];
        }
    }
    restore_denormals(denormals);
}
