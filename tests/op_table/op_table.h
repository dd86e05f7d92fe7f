#pragma once
// One row an op. The row drives everything that is known about it: forward against the reference, gradient checks of
// order 1 and 2, shape errors, same bits for any number of threads, the benchmark and docs/ops.md. A test fails when an
// op of the engine has no row. Shared by the tests and the benchmarks.
#include <functional>
#include <string>
#include <vector>

#include "engine/tensor/tensor.h"

namespace nascent {

using Call = std::function<Tensor(const std::vector<Tensor>&)>;  // works in f32 and f64: the type of its inputs decides

struct Sample {
  std::string text;           // "x [2, 7, 5, 3], 3x3, stride 2": printed when it fails
  std::vector<Shape> inputs;  // filled by the checks: small integers where exact, random reals elsewhere
  Call call;
  // Maps a standard normal number to a legal input, e.g. exp for log's domain; default: the number itself.
  std::function<double(double)> domain = {};
};

struct ErrorCase {
  std::function<void()> call;
  std::string message;  // a regular expression the error must match, bracketed op name included
};

struct OpRow {
  std::string op;               // Op::name, or the function's name for a composite without a node of its own
  std::string formula;          // forward, as a person writes it: "y = max(x, 0)"
  std::vector<Sample> samples;  // small: for correctness and gradients
  std::vector<ErrorCase> errors = {};
  // f32 equals f64 to the last bit when inputs are small integers (all partial sums stay below 2^24).
  bool exact_on_integers = true;
  // An independent plain-loop version in f64, where the f64 path of the op is not one already.
  std::function<Tensor(const Sample&, const std::vector<Tensor>&)> reference = {};
  std::vector<Sample> benchmark = {};  // shapes worth timing
};

// All rows, collected from the *_rows.cpp files of this folder.
const std::vector<OpRow>& op_table();

std::vector<OpRow> elementwise_rows();
std::vector<OpRow> shape_rows();
std::vector<OpRow> reduction_rows();
std::vector<OpRow> matrix_rows();
std::vector<OpRow> convolution_rows();
std::vector<OpRow> pooling_rows();
std::vector<OpRow> normalisation_rows();
std::vector<OpRow> mixed_edge_rows();
std::vector<OpRow> mixed_cell_rows();
std::vector<OpRow> projection_rows();

// Deterministic inputs for a sample.
std::vector<Tensor> integer_inputs(const Sample& sample, DType dtype, std::uint64_t seed = 0);  // in [-3, 3]
std::vector<Tensor> real_inputs(const Sample& sample, DType dtype, std::uint64_t seed = 0);     // domain(normal)

}  // namespace nascent
