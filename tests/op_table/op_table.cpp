#include "tests/op_table/op_table.h"

#include "engine/tensor/random.h"

namespace nascent {
namespace {

template <class Value>
std::vector<Tensor> filled(const Sample& sample, DType dtype, const Value& value) {
  std::vector<Tensor> out;
  for (std::size_t input = 0; input < sample.inputs.size(); ++input) {
    Tensor t = Tensor::empty(sample.inputs[input], dtype);
    visit(dtype, [&](auto zero) {
      using T = decltype(zero);
      T* values = t.mutable_data<T>();
      // Rounded to float in both types, so that f32 and f64 are given the same numbers.
      for (std::int64_t i = 0; i < t.elements(); ++i) values[i] = static_cast<T>(static_cast<float>(value(input, i)));
    });
    out.push_back(t);
  }
  return out;
}

}  // namespace

const std::vector<OpRow>& op_table() {
  static const std::vector<OpRow> table = [] {
    std::vector<OpRow> rows;
    for (auto part : {elementwise_rows, shape_rows, reduction_rows, matrix_rows, convolution_rows, pooling_rows,
                      normalisation_rows, mixed_edge_rows, mixed_cell_rows, projection_rows})
      for (OpRow& row : part()) rows.push_back(std::move(row));
    return rows;
  }();
  return table;
}

std::vector<Tensor> integer_inputs(const Sample& sample, DType dtype, std::uint64_t seed) {
  return filled(sample, dtype, [&](std::uint64_t input, std::int64_t i) {
    return static_cast<double>(Random(seed, "integer inputs", {input}).below(i, 7)) - 3;
  });
}

std::vector<Tensor> real_inputs(const Sample& sample, DType dtype, std::uint64_t seed) {
  return filled(sample, dtype, [&](std::uint64_t input, std::int64_t i) {
    const double normal = Random(seed, "real inputs", {input}).normal(i);
    return sample.domain ? sample.domain(normal) : normal;
  });
}

}  // namespace nascent
