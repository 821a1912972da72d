/* The binary cross-entropy of logits, on one core. loss.py is its only caller.

Every number is defined by this text: no sum is reordered, products and sums are fused where `fma` stands and nowhere
else (-ffp-contract=off), exp and log are written out. So bits depend neither on the processor nor on a library. */

#define SCALAR double
#include "vectors.h"

typedef int64_t longs __attribute__((vector_size(8 * LANES)));
typedef float single __attribute__((vector_size(4 * LANES)));
typedef uint8_t bytes __attribute__((vector_size(LANES)));
typedef single unaligned_single __attribute__((aligned(4)));
typedef bytes unaligned_bytes __attribute__((aligned(1)));

/* exp(x) for x <= 0, held to -708 and up: 2^n times the Taylor series of exp(x - n ln 2), to x^13, which leaves out less
than 2^-57 of it. */
INLINE vec exponential(vec x)
{
    static const double coefficients[] = {
        1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
        1.0 / 5040,       1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      1.0 / 2,
    };
    x = __builtin_elementwise_max(x, splat(-708.0));
    const vec rounder = splat(0x1.8p52); /* what is added to it is rounded to a whole number */
    vec shifted = fma(x, splat(0x1.71547652b82fep0), rounder);
    vec whole = shifted - rounder;
    vec rest = fma(whole, splat(-0x1.abc9e3b39803fp-56), fma(whole, splat(-0x1.62e42fefa39efp-1), x)); /* ln 2 in two */
    vec series = splat(coefficients[0]);
    for (int i = 1; i < 12; i++)
        series = fma(series, rest, splat(coefficients[i]));
    series = fma(series, rest * rest, rest) + splat(1.0);
    longs exponent = ((longs)shifted - (longs)rounder + 1023) << 52;
    return series * (vec)exponent;
}

/* log(1 + x) for 0 <= x <= 1, as 2 atanh(x / (2 + x)) = 2 (s + s^3/3 + s^5/5 + ...), to s^35 with s at most 1/3. */
INLINE vec log_of_one_and(vec x)
{
    vec s = x / (splat(2.0) + x), square = s * s;
    vec series = splat(1.0 / 35);
    for (int odd = 33; odd > 1; odd -= 2)
        series = fma(series, square, splat(1.0 / odd));
    return splat(2.0) * fma(series * square, s, s);
}

/* max(z, 0) - z y + log(1 + exp(-|z|)) */
INLINE vec cross_entropy(vec z, vec y)
{
    vec positive = __builtin_elementwise_max(z, splat(0.0));
    return (positive - z * y) + log_of_one_and(exponential(-__builtin_elementwise_abs(z)));
}

/* The sum [models] of weight times loss over `rows` logits and labels (0 or 1) of each model, [models, rows]; the weights
[rows] are 1 where NULL. Rows are added up in LANES sums, and these by `total`. */
EXPORT void sum_losses(const float *logits, const uint8_t *labels, const double *weights, int64_t models, int64_t rows,
                       double *sums)
{
    for (int64_t m = 0; m < models; m++) {
        vec sum = splat(0.0);
        for (int64_t row = 0; row < rows; row += LANES) {
            int64_t real = rows - row < LANES ? rows - row : LANES;
            vec z = splat(0.0), y = z, weight = z;
            if (real == LANES) {
                z = __builtin_convertvector(*(const unaligned_single *)(logits + m * rows + row), vec);
                y = __builtin_convertvector(*(const unaligned_bytes *)(labels + m * rows + row), vec);
                weight = weights ? load(weights + row) : splat(1.0);
            } else
                for (int64_t i = 0; i < real; i++) {
                    z[i] = logits[m * rows + row + i];
                    y[i] = labels[m * rows + row + i];
                    weight[i] = weights ? weights[row + i] : 1.0;
                }
            sum = fma(weight, cross_entropy(z, y), sum);
        }
        sums[m] = total(sum);
    }
}
