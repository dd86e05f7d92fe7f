#pragma once
// Specification of batch_norm.h. Two passes over x for the statistics: the mean first, then squares about it, so that
// a large mean cancels nothing.
#include <algorithm>

#include "kernels/batch_norm.h"
#include "kernels/parallel.h"
#include "kernels/reference/accumulate.h"

namespace nascent::kernels::reference {

// sums[j*channels + c] = sum over rows of the j-th of `count` terms; term(row, c, add) calls add(j, value).
template <class T, class Rows>
void sum_rows(const BatchNormShape& s, std::int64_t count, T* sums, T* scratch, const Rows& add_row) {
  const std::int64_t chunks = reduction_chunks(s.rows), n = count * s.channels;
  parallel_chunks(chunks, [&](std::int64_t chunk) {
    T* part = scratch + chunk * n;
    std::fill_n(part, n, T(0));
    for (std::int64_t r = chunk_begin(s.rows, chunks, chunk); r < chunk_begin(s.rows, chunks, chunk + 1); ++r)
      add_row(r, part);
  });
  sum_chunks(chunks, n, scratch, sums);
}

template <class T>
void batch_norm_statistics(const BatchNormShape& s, const T* x, T* mean, T* var, T* scratch) {
  const T rows = static_cast<T>(s.rows);
  sum_rows(s, 1, mean, scratch, [&](std::int64_t r, T* __restrict sum) {
    const T* row = x + r * s.channels;
    for (std::int64_t c = 0; c < s.channels; ++c) sum[c] += row[c];
  });
  for (std::int64_t c = 0; c < s.channels; ++c) mean[c] /= rows;
  sum_rows(s, 1, var, scratch, [&](std::int64_t r, T* __restrict sum) {
    const T* row = x + r * s.channels;
    for (std::int64_t c = 0; c < s.channels; ++c) sum[c] += (row[c] - mean[c]) * (row[c] - mean[c]);
  });
  for (std::int64_t c = 0; c < s.channels; ++c) var[c] /= rows;
}

inline constexpr std::int64_t kRowGrain = 512;  // rows a chunk: some 10 microseconds of work

template <class T>
void batch_norm_apply(const BatchNormShape& s, const T* x, const T* mean, const T* rstd, const T* gamma, const T* beta,
                      T* y) {
  parallel_ranges(s.rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r)
      for (std::int64_t c = 0; c < s.channels; ++c) {
        const std::int64_t e = r * s.channels + c;
        const T value = (x[e] - mean[c]) * rstd[c] * (gamma ? gamma[c] : T(1)) + (beta ? beta[c] : T(0));
        y[e] = s.relu && value < T(0) ? T(0) : value;  // NaN passes
      }
  });
}

template <class T>
void batch_norm_backward(const BatchNormShape& s, const T* x, const T* dy, const T* mean, const T* rstd, const T* gamma,
                         const T* beta, T* dx, T* dgamma, T* dbeta, T* scratch) {
  // dy behind the ReLU, if there is one.
  const auto gradient = [&](std::int64_t e, std::int64_t c, T xhat) {
    return !s.relu || xhat * (gamma ? gamma[c] : T(1)) + (beta ? beta[c] : T(0)) > T(0) ? dy[e] : T(0);
  };
  T* sums = scratch + reduction_chunks(s.rows) * 2 * s.channels;
  sum_rows(s, 2, sums, scratch, [&](std::int64_t r, T* __restrict part) {
    for (std::int64_t c = 0; c < s.channels; ++c) {
      const std::int64_t e = r * s.channels + c;
      const T xhat = (x[e] - mean[c]) * rstd[c], g = gradient(e, c, xhat);
      part[c] += g;
      part[s.channels + c] += g * xhat;
    }
  });
  std::copy_n(sums, s.channels, dbeta);
  std::copy_n(sums + s.channels, s.channels, dgamma);
  const T rows = static_cast<T>(s.rows);
  // g = dy*gamma, so mean(g) = gamma*dbeta/rows and mean(g*xhat) = gamma*dgamma/rows.
  parallel_ranges(s.rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r)
      for (std::int64_t c = 0; c < s.channels; ++c) {
        const std::int64_t e = r * s.channels + c;
        const T xhat = (x[e] - mean[c]) * rstd[c];
        dx[e] =
            rstd[c] * (gamma ? gamma[c] : T(1)) * (gradient(e, c, xhat) - dbeta[c] / rows - xhat * (dgamma[c] / rows));
      }
  });
}

}  // namespace nascent::kernels::reference
