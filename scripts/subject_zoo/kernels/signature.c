/* Statistics of the neurons of one layer over the probes, on one core. signature.py is its only caller; the
methods are defined in signatures/extractor.py.

Every number is defined by this text: no sum is reordered, products and sums are fused where `fma` stands and nowhere
else (-ffp-contract=off). The lanes of a vector are neurons, and sums run over the probes in their order. So a neuron's
bits depend neither on the processor, its vector length or the compiler, nor on the neurons beside it; but pca and svd
are about all neurons of a layer.

Layers are padded with zeros to a width that is a multiple of LANES. */

#define SCALAR double
#include "vectors.h"

#define BLOCK 32 /* probes whose centred values are in the first-level cache together */
#define EDGES 5  /* edges of a histogram that values are compared with in one stroke */

/* Of matrices whose largest number is 1: */
#define TINY 1e-280         /* a square that counts as 0: the inverse of any other is finite */
#define NEGLIGIBLE 0x1p-53  /* what counts as 0 beside the diagonal: less than its rounding */
#define SWEEPS_PER_VALUE 30 /* of QL before it is given up; it takes two, as a rule */
#define TAKEN (-1.0)        /* no eigenvalue of a matrix of mean products is that far below 0 */

typedef float single __attribute__((vector_size(4 * LANES)));
typedef int32_t ints __attribute__((vector_size(4 * LANES)));
typedef int64_t longs __attribute__((vector_size(8 * LANES)));
typedef single unaligned_single __attribute__((aligned(4)));

enum method { MEAN, STD, MAX, MIN, SPARSITY, PCA, SVD, ENTROPY, CLUSTERING, FOURIER, PATTERN_WISE, METHODS };
enum status { DONE, NOT_FINITE, NOT_CONVERGED };

typedef struct {
    const double *weights;     /* [probes, sums]: `groups` of pattern_wise, cosines and sines of fourier, filling */
    const double *information; /* [probes + 1]: what a bin of so many probes adds to the entropy */
    const double *cut_weights; /* [probes - 1]: what a cut after so many values, and one, weighs */
    double silent;             /* the largest magnitude that counts as none */
    double rank_tolerance;     /* share of the largest eigenvalue that counts as 0 */
    double tie_tolerance;      /* relative difference that counts as none */
    int64_t probes;
    int64_t sums; /* a multiple of LANES */
    int64_t groups;
    int64_t components;
    int64_t bins;
    int64_t features;       /* of a neuron */
    int64_t place[METHODS]; /* of a method's first feature among them; below 0 where the method is off */
} Signature;

/* A buffer of scratch_doubles(signature, width), in parts. */
typedef struct {
    int64_t width;       /* padded */
    double *means;       /* [width] */
    double *centred;     /* [BLOCK, width] activations without their neuron's mean */
    double *sums;        /* [sums, width] weighted sums of these */
    double *products;    /* [width, width] sums of products of these, on the diagonal and above */
    double *matrix;      /* [width, width] of which eigenvectors are sought; then its reflections */
    double *vectors;     /* [width, width] eigenvectors of the tridiagonal matrix, one a row */
    double *diagonal;    /* [width] of the tridiagonal matrix, then the eigenvalues */
    double *beside;      /* [width] what stands to the right of the diagonal */
    double *reflections; /* [width] 2 / |u|^2 of each reflection, 0 where there is none */
    double *squares;     /* [width] the diagonal of the matrix whose eigenvectors are sought */
    double *image;       /* [width] of a reflection's direction */
    float *columns;      /* [width / LANES, probes, LANES] the activations */
} Workspace;

/* Vectors */

INLINE single load_single(const float *from) { return *(const unaligned_single *)from; }
INLINE void store_single(float *to, single value) { *(unaligned_single *)to = value; }
INLINE single splat_single(float x) { return (single){x, x, x, x, x, x, x, x}; }
INLINE ints splat_int(int32_t x) { return (ints){x, x, x, x, x, x, x, x}; }
INLINE single choose_single(ints mask, single yes, single no)
{
    return (single)((mask & (ints)yes) | (~mask & (ints)no));
}

INLINE vec choose(longs mask, vec yes, vec no) { return (vec)((mask & (longs)yes) | (~mask & (longs)no)); }
INLINE vec root(vec x) { return __builtin_elementwise_sqrt(x); }
INLINE double fma_of(double a, double b, double c) { return __builtin_elementwise_fma(a, b, c); }
INLINE double root_of(double x) { return __builtin_elementwise_sqrt(x); }
INLINE double size_of(double x) { return __builtin_elementwise_abs(x); }

INLINE vec load_wider(const float *from) { return __builtin_convertvector(load_single(from), vec); }

INLINE int64_t filled(int64_t count) { return (count + LANES - 1) / LANES * LANES; }

/* Workspace */

INLINE int on(const Signature *sig, enum method method) { return sig->place[method] >= 0; }

EXPORT int64_t scratch_doubles(const Signature *sig, int64_t width)
{
    width = filled(width);
    return width * (BLOCK + sig->sums + 3 * width + 6) + width * sig->probes / 2;
}

static Workspace divide(const Signature *sig, int64_t width, double *scratch)
{
    width = filled(width);
    Workspace work = {.width = width, .means = scratch};
    work.centred = work.means + width;
    work.sums = work.centred + BLOCK * width;
    work.products = work.sums + sig->sums * width;
    work.matrix = work.products + width * width;
    work.vectors = work.matrix + width * width;
    work.diagonal = work.vectors + width * width;
    work.beside = work.diagonal + width;
    work.reflections = work.beside + width;
    work.squares = work.reflections + width;
    work.image = work.squares + width;
    work.columns = (float *)(work.image + width);
    return work;
}

/* The first `count` numbers at `from`, of which there are `there`; then zeros. */
INLINE single load_part(const float *from, int64_t count, int64_t there)
{
    single values = splat_single(0.0f);
    if (there >= LANES)
        values = load_single(from);
    else
        for (int64_t lane = 0; lane < count; lane++)
            values[lane] = from[lane];
    return choose_single((ints){0, 1, 2, 3, 4, 5, 6, 7} < splat_int((int32_t)count), values, splat_single(0.0f));
}

/* Fills `columns` with activations [probes, width]. -0 becomes 0: the order of both would be the processor's choice. */
static void arrange(const Signature *sig, const float *activations, int64_t width, const Workspace *work)
{
    const float *end = activations + sig->probes * width;
    for (int64_t first = 0; first < width; first += LANES) {
        int64_t real = width - first < LANES ? width - first : LANES;
        const float *from = activations + first;
        float *column = work->columns + first * sig->probes;
        for (int64_t p = 0; p < sig->probes; p++, from += width)
            store_single(column + p * LANES, load_part(from, real, end - from) + splat_single(0.0f));
    }
}

/* Statistics of one column [probes, LANES] */

INLINE vec mean_of(const Signature *sig, const float *column)
{
    vec sum = splat(0.0);
    for (int64_t p = 0; p < sig->probes; p++)
        sum += load_wider(column + p * LANES);
    return sum / splat((double)sig->probes);
}

INLINE vec standard_deviation(const Signature *sig, const float *column, vec mean)
{
    vec sum = splat(0.0);
    for (int64_t p = 0; p < sig->probes; p++) {
        vec centred = load_wider(column + p * LANES) - mean;
        sum = fma(centred, centred, sum);
    }
    return root(sum / splat((double)sig->probes));
}

INLINE single smaller(single a, single b) { return choose_single(b < a, b, a); }
INLINE single larger(single a, single b) { return choose_single(b > a, b, a); }

static void extremes(const Signature *sig, const float *column, single *low, single *high)
{
    *low = *high = load_single(column);
    for (int64_t p = 1; p < sig->probes; p++) {
        *low = smaller(*low, load_single(column + p * LANES));
        *high = larger(*high, load_single(column + p * LANES));
    }
}

INLINE vec sparsity(const Signature *sig, const float *column)
{
    single most = splat_single((float)sig->silent);
    ints silent = splat_int(0);
    for (int64_t p = 0; p < sig->probes; p++) {
        single x = load_single(column + p * LANES);
        silent -= (x <= most) & (x >= -most);
    }
    return __builtin_convertvector(silent, vec) / splat((double)sig->probes);
}

/* The smallest float that is not below x: a float is below x where it is below that one. */
INLINE single not_below(vec x)
{
    single nearest = __builtin_convertvector(x, single);
    ints below = __builtin_convertvector(__builtin_convertvector(nearest, vec) < x, ints);
    ints bits = (ints)nearest, next = bits + ((bits < 0) | 1);
    return choose_single(below, (single)next, nearest);
}

INLINE vec look_up(const double *table, ints places)
{
    vec found;
    for (int lane = 0; lane < LANES; lane++)
        found[lane] = table[places[lane]];
    return found;
}

/* A bin holds the values that are at least its left edge and not at least the next one. */
static vec entropy(const Signature *sig, const float *column)
{
    single least, most;
    extremes(sig, column, &least, &most);
    vec low = __builtin_convertvector(least, vec), sum = splat(0.0);
    vec step = (__builtin_convertvector(most, vec) - low) / splat((double)sig->bins);
    ints left = splat_int((int32_t)sig->probes);
    for (int64_t first = 1; first < sig->bins; first += EDGES) {
        single edges[EDGES];
        ints reached[EDGES];
        for (int e = 0; e < EDGES; e++) {
            edges[e] = not_below(low + splat((double)(first + e)) * step);
            reached[e] = splat_int(0);
        }
        for (int64_t p = 0; p < sig->probes; p++)
            for (int e = 0; e < EDGES; e++)
                reached[e] -= load_single(column + p * LANES) >= edges[e];
        for (int e = 0; e < EDGES && first + e < sig->bins; e++) {
            sum += look_up(sig->information, left - reached[e]);
            left = reached[e];
        }
    }
    return sum + look_up(sig->information, left);
}

/* Floats into whole numbers of the same order, or back: the bits of negative ones fall as the floats rise. */
INLINE void turn(int64_t count, float *values)
{
    for (int64_t i = 0; i < count; i += LANES) {
        ints bits = (ints)load_single(values + i);
        store_single(values + i, (single)(bits ^ (bits >> 31 & 0x7fffffff)));
    }
}

INLINE void exchange(float *a, float *b)
{
    ints x = (ints)load_single(a), y = (ints)load_single(b);
    store_single(a, (single)__builtin_elementwise_min(x, y));
    store_single(b, (single)__builtin_elementwise_max(x, y));
}

/* Of the places from `start` on, p are exchanged with those `distance` further on and p are left out, by turns. */
INLINE void exchange_runs(int64_t p, int64_t start, int64_t distance, int64_t count, float *column)
{
    int64_t stop = count - distance, run = start;
    for (; run + p <= stop; run += 2 * p)
        for (int64_t i = run; i < run + p; i++)
            exchange(column + i * LANES, column + (i + distance) * LANES);
    for (; run < stop; run++)
        exchange(column + run * LANES, column + (run + distance) * LANES);
}

/* Puts each lane's values in ascending order: Batcher's merge exchange (D. E. Knuth, The Art of Computer Programming 3,
2nd ed., 1998, 5.2.2, Algorithm M), whose comparisons do not depend on the values; of whole numbers, for which a
processor has the lesser and the greater in one instruction each, NaN or not. */
static void sort(int64_t count, float *column)
{
    int64_t largest = 1;
    turn(count * LANES, column);
    while (2 * largest < count)
        largest *= 2;
    for (int64_t p = largest; p > 0; p /= 2)
        for (int64_t q = largest, start = 0, distance = p;; distance = q - p, q /= 2, start = p) {
            switch (p) { /* most runs are short */
            case 1: exchange_runs(1, start, distance, count, column); break;
            case 2: exchange_runs(2, start, distance, count, column); break;
            case 4: exchange_runs(4, start, distance, count, column); break;
            default: exchange_runs(p, start, distance, count, column);
            }
            if (q == p)
                break;
        }
    turn(count * LANES, column);
}

INLINE void put(const Signature *sig, int64_t place, vec values, int64_t real, double *features)
{
    for (int64_t lane = 0; lane < real; lane++)
        features[lane * sig->features + place] = values[lane];
}

/* Cuts sorted values where the weighted sum of those below, without the mean, is least; the first such place. */
static void clustering(const Signature *sig, const float *sorted, vec mean, int64_t real, double *features)
{
    int64_t cuts = sig->probes - 1, place = sig->place[CLUSTERING];
    vec sum = splat(0.0), least = splat(0.0);
    for (int64_t p = 0; p < cuts; p++) {
        sum += load_wider(sorted + p * LANES) - mean;
        vec cut = sum * splat(sig->cut_weights[p]);
        least = choose(cut < least, cut, least);
    }
    vec enough = least * splat(1.0 - sig->tie_tolerance), below = splat(0.0), low_size = splat(1.0);
    longs open = (longs)splat(0.0) == 0;
    sum = splat(0.0);
    for (int64_t p = 0; p < cuts; p++) {
        sum += load_wider(sorted + p * LANES) - mean;
        below = choose(open, sum, below);
        open &= sum * splat(sig->cut_weights[p]) > enough;
        low_size += choose(open, splat(1.0), splat(0.0));
    }
    vec all = splat((double)sig->probes), high_size = all - low_size;
    longs constant = load_wider(sorted) == load_wider(sorted + cuts * LANES);
    put(sig, place, mean + below / low_size, real, features);
    put(sig, place + 1, mean - below / high_size, real, features);
    put(sig, place + 2, choose(constant, splat(0.0), high_size / all), real, features);
}

/* What one column's neurons have by themselves. Sorts the column. */
static void neuron_statistics(const Signature *sig, float *column, vec mean, int64_t real, double *features)
{
    if (on(sig, MEAN))
        put(sig, sig->place[MEAN], mean, real, features);
    if (on(sig, STD))
        put(sig, sig->place[STD], standard_deviation(sig, column, mean), real, features);
    if (on(sig, MAX) || on(sig, MIN)) {
        single low, high;
        extremes(sig, column, &low, &high);
        if (on(sig, MAX))
            put(sig, sig->place[MAX], __builtin_convertvector(high, vec), real, features);
        if (on(sig, MIN))
            put(sig, sig->place[MIN], __builtin_convertvector(low, vec), real, features);
    }
    if (on(sig, SPARSITY))
        put(sig, sig->place[SPARSITY], sparsity(sig, column), real, features);
    if (on(sig, ENTROPY))
        put(sig, sig->place[ENTROPY], entropy(sig, column), real, features);
    if (on(sig, CLUSTERING)) {
        sort(sig->probes, column);
        clustering(sig, column, mean, real, features);
    }
}

/* Matrix products */

#ifdef __AVX512F__ /* 32 registers of a vector */
#define TILE_ROWS 8
#define TILE_VECS 2
#else /* of half or a quarter of one */
#define TILE_ROWS 4
#define TILE_VECS 1
#endif

/* c[rows, vecs * LANES] += a^T b, a[steps, rows] and b[steps, vecs * LANES], with all sums in registers. */
INLINE void add_tile(const int rows, const int vecs, int64_t steps, const double *a, int64_t a_step, const double *b,
                     int64_t b_step, double *c)
{
    vec sums[TILE_ROWS][TILE_VECS];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vecs; v++)
            sums[r][v] = load(c + r * b_step + v * LANES);
    for (int64_t k = 0; k < steps; k++)
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vecs; v++)
                sums[r][v] = fma(splat(a[k * a_step + r]), load(b + k * b_step + v * LANES), sums[r][v]);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vecs; v++)
            store(c + r * b_step + v * LANES, sums[r][v]);
}

/* c[rows, columns] += a^T b, a[steps, rows] and b[steps, columns]; where a is b, not what is below the diagonal. */
static void add_products(int64_t steps, int64_t rows, int64_t columns, const double *a, const double *b, double *c)
{
#define TILE(vecs) add_tile(TILE_ROWS, vecs, steps, a + r, rows, b + column, columns, c + r * columns + column)
    for (int64_t r = 0; r < rows; r += TILE_ROWS) {
        int64_t column = a == b ? r / LANES * LANES : 0;
        for (; column + TILE_VECS * LANES <= columns; column += TILE_VECS * LANES)
            TILE(TILE_VECS);
        if (column < columns)
            TILE(1);
    }
#undef TILE
}

INLINE void clear(int64_t count, double *numbers)
{
    for (int64_t i = 0; i < count; i += LANES)
        store(numbers + i, splat(0.0));
}

/* Fills `sums` and, where they are wanted, `products`. */
static void sum_over_probes(const Signature *sig, int wants_products, const Workspace *work)
{
    int64_t width = work->width;
    clear(sig->sums * width, work->sums);
    if (wants_products)
        clear(width * width, work->products);
    for (int64_t start = 0; start < sig->probes; start += BLOCK) {
        int64_t count = sig->probes - start < BLOCK ? sig->probes - start : BLOCK;
        for (int64_t first = 0; first < width; first += LANES) {
            const float *column = work->columns + first * sig->probes + start * LANES;
            vec mean = load(work->means + first);
            for (int64_t p = 0; p < count; p++)
                store(work->centred + p * width + first, load_wider(column + p * LANES) - mean);
        }
        add_products(count, sig->sums, width, sig->weights + start * sig->sums, work->centred, work->sums);
        if (wants_products)
            add_products(count, width, width, work->centred, work->centred, work->products);
    }
}

static void pattern_wise(const Signature *sig, int64_t neurons, const Workspace *work, double *features)
{
    for (int64_t group = 0; group < sig->groups; group++)
        for (int64_t i = 0; i < neurons; i++)
            features[i * sig->features + sig->place[PATTERN_WISE] + group] =
                work->means[i] + work->sums[group * work->width + i];
}

static void fourier(const Signature *sig, int64_t neurons, const Workspace *work, double *features)
{
    for (int64_t c = 0; c < sig->components; c++) {
        const double *real = work->sums + (sig->groups + c) * work->width;
        const double *imaginary = real + sig->components * work->width;
        for (int64_t i = 0; i < neurons; i++)
            features[i * sig->features + sig->place[FOURIER] + c] =
                root_of(real[i] * real[i] + imaginary[i] * imaginary[i]) * (2.0 / (double)sig->probes);
    }
}

/* Eigenvectors */

INLINE double dot(int64_t count, const double *a, const double *b)
{
    vec sum = splat(0.0);
    for (int64_t i = 0; i < count; i += LANES)
        sum = fma(load(a + i), load(b + i), sum);
    return total(sum);
}

INLINE void add_multiple(int64_t count, double factor, const double *a, double *to)
{
    for (int64_t i = 0; i < count; i += LANES)
        store(to + i, fma(splat(factor), load(a + i), load(to + i)));
}

/* Replaces the leading matrix[size, size] by H matrix H with H = 1 - factor u u^T; u is 0 from `size` on. */
static void reflect_matrix(int64_t size, const double *u, double factor, const Workspace *work)
{
    int64_t width = work->width, count = filled(size);
    double *image = work->image;
    for (int64_t i = 0; i < count; i += LANES) {
        vec sum = splat(0.0);
        for (int64_t k = 0; k < size; k++)
            sum = fma(splat(u[k]), load(work->matrix + k * width + i), sum);
        store(image + i, splat(factor) * sum);
    }
    for (int64_t i = size; i < count; i++)
        image[i] = 0.0;
    add_multiple(count, -0.5 * factor * dot(count, u, image), u, image);
    for (int64_t k = 0; k < size; k++) {
        double *row = work->matrix + k * width;
        vec own = splat(-u[k]), other = splat(-image[k]);
        for (int64_t i = 0; i < count; i += LANES)
            store(row + i, fma(other, load(u + i), fma(own, load(image + i), load(row + i))));
    }
}

/* Householder's reduction of the symmetric `matrix`, whose largest number is about 1, to a tridiagonal one, from the
last row up (tred2 of J. H. Wilkinson & C. Reinsch, Handbook for Automatic Computation II, 1971). Row k of the matrix
becomes the direction u of reflection k. */
static void tridiagonalise(int64_t n, const Workspace *work)
{
    for (int64_t k = n - 1; k > 0; k--) {
        double *u = work->matrix + k * work->width, last = u[k - 1];
        work->diagonal[k] = u[k];
        for (int64_t i = k; i < work->width; i++)
            u[i] = 0.0;
        double square = dot(filled(k), u, u), norm = last < 0.0 ? root_of(square) : -root_of(square);
        work->beside[k - 1] = work->reflections[k] = 0.0;
        if (square < TINY)
            continue;
        u[k - 1] = last - norm;
        work->beside[k - 1] = norm;
        work->reflections[k] = 1.0 / (square - last * norm);
        reflect_matrix(k, u, work->reflections[k], work);
    }
    work->diagonal[0] = work->matrix[0];
    work->beside[n - 1] = 0.0;
}

INLINE void rotate(int64_t count, double cosine, double sine, double *a, double *b)
{
    vec c = splat(cosine), s = splat(sine);
    for (int64_t i = 0; i < count; i += LANES) {
        vec x = load(a + i), y = load(b + i);
        store(a + i, fma(c, x, -(s * y)));
        store(b + i, fma(s, x, c * y));
    }
}

/* One implicit QL step on rows first ... last with Wilkinson's shift (imtql2, in the same book). */
static void sweep(int64_t first, int64_t last, const Workspace *work)
{
    double *d = work->diagonal, *e = work->beside;
    double half = (d[first + 1] - d[first]) / (2.0 * e[first]), hypotenuse = root_of(half * half + 1.0);
    double g = d[last] - d[first] + e[first] / (half + (half < 0.0 ? -hypotenuse : hypotenuse));
    double sine = 1.0, cosine = 1.0, shift = 0.0;
    for (int64_t i = last - 1; i >= first; i--) {
        double f = sine * e[i], b = cosine * e[i], square = fma_of(f, f, g * g);
        if (square < TINY) { /* the matrix falls in two here */
            d[i + 1] -= shift;
            e[i + 1] = e[last] = 0.0;
            return;
        }
        double r = root_of(square), inverse = 1.0 / square; /* at once: f / r would wait for r */
        e[i + 1] = r;
        sine = f * inverse * r;
        cosine = g * inverse * r;
        g = d[i + 1] - shift;
        r = fma_of(d[i] - g, sine, cosine * (b + b));
        shift = sine * r;
        d[i + 1] = g + shift;
        g = fma_of(cosine, r, -b);
        rotate(work->width, cosine, sine, work->vectors + i * work->width, work->vectors + (i + 1) * work->width);
    }
    d[first] -= shift;
    e[first] = g;
    e[last] = 0.0;
}

/* Turns `diagonal` into the eigenvalues of the tridiagonal matrix, and fills `vectors`. */
static enum status diagonalise(int64_t n, const Workspace *work)
{
    int64_t sweeps = 0;
    clear(n * work->width, work->vectors);
    for (int64_t i = 0; i < n; i++)
        work->vectors[i * work->width + i] = 1.0;
    for (int64_t first = 0; first < n; first++)
        for (;;) {
            int64_t last = first;
            while (last < n - 1 && size_of(work->beside[last]) > NEGLIGIBLE)
                last++;
            if (last == first)
                break;
            if (sweeps++ == SWEEPS_PER_VALUE * n)
                return NOT_CONVERGED;
            sweep(first, last, work);
        }
    return DONE;
}

INLINE int64_t place_of_largest(int64_t n, const double *numbers)
{
    int64_t place = 0;
    for (int64_t i = 1; i < n; i++)
        if (numbers[i] > numbers[place])
            place = i;
    return place;
}

/* The sign that makes the largest magnitude positive, the first of equal ones. */
static double sign_of(int64_t n, const double *numbers, double tolerance)
{
    double largest = 0.0;
    for (int64_t i = 0; i < n; i++)
        largest = size_of(numbers[i]) > largest ? size_of(numbers[i]) : largest;
    int64_t i = 0;
    while (size_of(numbers[i]) < largest * (1.0 - tolerance))
        i++;
    return numbers[i] < 0.0 ? -1.0 : 1.0;
}

/* Fills `matrix` with the covariances, or with the mean products where not `centred`, in units of the largest one,
which is returned. */
static double fill_matrix(const Signature *sig, int64_t n, int centred, const Workspace *work)
{
    int64_t width = work->width;
    double unit = 0.0;
    for (int64_t i = 0; i < n; i++) {
        double offset = centred ? 0.0 : work->means[i], probes = (double)sig->probes;
        for (int64_t j = i; j < n; j++)
            work->matrix[i * width + j] = work->products[i * width + j] / probes + offset * work->means[j];
        unit = work->matrix[i * width + i] > unit ? work->matrix[i * width + i] : unit;
    }
    double scale = unit > 0.0 ? 1.0 / unit : 0.0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i; j < n; j++)
            work->matrix[j * width + i] = work->matrix[i * width + j] *= scale;
    return unit;
}

/* The neurons' loadings on the leading directions, [neurons, components] within `features` from `place` on. */
static enum status loadings(const Signature *sig, int64_t place, int centred, int64_t n, const Workspace *work,
                            double *features)
{
    int64_t width = work->width;
    for (int64_t i = 0; i < n; i++)
        for (int64_t c = 0; c < sig->components; c++)
            features[i * sig->features + place + c] = 0.0;
    double unit = fill_matrix(sig, n, centred, work);
    if (unit == 0.0)
        return DONE;
    for (int64_t i = 0; i < n; i++)
        work->squares[i] = work->matrix[i * width + i];
    tridiagonalise(n, work);
    if (diagonalise(n, work) != DONE)
        return NOT_CONVERGED;
    double least = 0.0;
    for (int64_t c = 0; c < sig->components && c < n; c++) {
        int64_t chosen = place_of_largest(n, work->diagonal);
        double value = work->diagonal[chosen], *vector = work->vectors + chosen * width;
        least = c == 0 ? value * sig->rank_tolerance : least;
        if (value <= least)
            break;
        work->diagonal[chosen] = TAKEN;
        for (int64_t k = 1; k < n; k++) {
            const double *u = work->matrix + k * width;
            add_multiple(filled(k), -work->reflections[k] * dot(filled(k), u, vector), u, vector);
        }
        for (int64_t i = 0; i < n; i++)
            vector[i] = work->squares[i] == 0.0 ? 0.0 : vector[i];
        double size = sign_of(n, vector, sig->tie_tolerance) * root_of(value * unit);
        for (int64_t i = 0; i < n; i++)
            features[i * sig->features + place + c] = vector[i] * size;
    }
    return DONE;
}

/* Layers */

static enum status sign_layer(const Signature *sig, const float *activations, int64_t width, const Workspace *work,
                              double *features)
{
    arrange(sig, activations, width, work);
    for (int64_t first = 0; first < width; first += LANES)
        store(work->means + first, mean_of(sig, work->columns + first * sig->probes));
    for (int64_t i = 0; i < width; i++) /* doubles have room for any sum of floats */
        if (work->means[i] - work->means[i] != 0.0)
            return NOT_FINITE;
    int directions = on(sig, PCA) || on(sig, SVD);
    if (directions || sig->sums)
        sum_over_probes(sig, directions, work);
    for (int64_t first = 0; first < width; first += LANES)
        neuron_statistics(sig, work->columns + first * sig->probes, load(work->means + first),
                          width - first < LANES ? width - first : LANES, features + first * sig->features);
    if (on(sig, PATTERN_WISE))
        pattern_wise(sig, width, work, features);
    if (on(sig, FOURIER))
        fourier(sig, width, work, features);
    if (on(sig, PCA) && loadings(sig, sig->place[PCA], 1, width, work, features) != DONE)
        return NOT_CONVERGED;
    return on(sig, SVD) ? loadings(sig, sig->place[SVD], 0, width, work, features) : DONE;
}

/* features [layers, width, features] of activations [layers, probes, width]; not all of them where not DONE. */
EXPORT int32_t sign_layers(const Signature *sig, const float *activations, int64_t layers, int64_t width,
                           double *scratch, double *features)
{
    Workspace work = divide(sig, width, scratch);
    for (int64_t layer = 0; layer < layers; layer++) {
        enum status status = sign_layer(sig, activations + layer * sig->probes * width, width, &work,
                                        features + layer * width * sig->features);
        if (status != DONE)
            return status;
    }
    return DONE;
}
