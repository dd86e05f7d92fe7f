#include <algorithm>
#include <cstring>

#include "engine/autograd/op.h"
#include "engine/ops/checks.h"
#include "engine/ops/ops.h"
#include "kernels/parallel.h"

namespace nascent {
namespace {

const Op kConcat{"concat", "d(part) = its slice of dy"};

Shape concat_shape(std::span<const Tensor> parts, const Where& where) {
  std::vector<const Tensor*> operands;
  for (const Tensor& part : parts) operands.push_back(&part);
  if (parts.empty()) broken(kConcat.name, "expected at least one part, got none", where);
  expect_operands(kConcat.name, operands, where);
  Shape shape = parts[0].shape();
  if (shape.rank() == 0) broken(kConcat.name, "expected parts with an axis to join, got a scalar", where);
  shape[-1] = 0;
  for (const Tensor& part : parts) {
    const bool fits = part.shape().rank() == shape.rank() &&
                      std::equal(shape.begin(), shape.end() - 1, part.shape().begin(), part.shape().end() - 1);
    if (!fits)
      broken(kConcat.name,
             "expected parts that differ in the last axis only, got " + parts[0].shape().text() + " and " +
                 part.shape().text(),
             where);
    shape[-1] += part.shape()[-1];
  }
  return shape;
}

}  // namespace

Tensor concat(std::span<const Tensor> parts, Where where) {
  const Shape shape = concat_shape(parts, where);
  if (parts.size() == 1) return parts[0];
  Tensor y = Tensor::empty(shape, parts[0].dtype());
  const std::size_t element = bytes_of(y.dtype()), y_row = y.columns() * element;
  std::byte* target = y.mutable_bytes();
  std::vector<std::int64_t> columns;
  for (const Tensor& part : parts) columns.push_back(part.columns());
  // 64 KB a chunk: long enough to pay for handing it out, short enough to stay in L2.
  const std::int64_t grain = std::max<std::int64_t>(1, (64 << 10) / std::max<std::int64_t>(1, y_row));
  kernels::parallel_ranges(y.rows(), grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      std::byte* to = target + row * y_row;
      for (const Tensor& part : parts) {
        const std::size_t bytes = part.columns() * element;
        std::memcpy(to, part.bytes_data() + row * bytes, bytes);
        to += bytes;
      }
    }
  });
  return record(kConcat, std::vector<Tensor>(parts.begin(), parts.end()), y,
                {.rule =
                     [columns](Vjp& v) {
                       std::int64_t begin = 0;
                       for (std::size_t i = 0; i < columns.size(); begin += columns[i++])
                         if (v.needs(i))
                           v.add(i, slice(v.dy(), {.axis = -1, .begin = begin, .end = begin + columns[i]}));
                     }},
                where);
}

}  // namespace nascent
