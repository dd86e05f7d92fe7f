// What every row of the op table must satisfy. An op that is added is checked by adding its row.
#include "tests/op_table/op_table.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <limits>
#include <regex>
#include <set>
#include <sstream>

#include "engine/autograd/gradcheck.h"
#include "engine/autograd/tape.h"
#include "engine/tensor/buffer_pool.h"
#include "engine/tensor/random.h"
#include "kernels/parallel.h"

namespace nascent {
namespace {

template <class Check>
void for_each_sample(const Check& check) {
  for (const OpRow& row : op_table())
    for (const Sample& sample : row.samples) {
      INFO(row.op << ": " << sample.text);
      check(row, sample);
    }
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::memcmp(a.bytes_data(), b.bytes_data(), a.bytes()) == 0;
}

struct Result {
  Tensor y;
  std::vector<Tensor> gradients;
};
bool same_bits(const Result& a, const Result& b) {
  bool same = same_bits(a.y, b.y) && a.gradients.size() == b.gradients.size();
  for (std::size_t i = 0; same && i < a.gradients.size(); ++i) same = same_bits(a.gradients[i], b.gradients[i]);
  return same;
}

// Between -1 and 1, the same in f32 and f64.
Tensor seed_like(const Tensor& y) {
  Tensor seed = Tensor::empty(y.shape(), y.dtype());
  const Random random(1, "op table seed");
  visit(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* values = seed.mutable_data<T>();
    for (std::int64_t i = 0; i < y.elements(); ++i)
      values[i] = static_cast<T>(static_cast<float>(2 * random.uniform(i) - 1));
  });
  return seed;
}

Result backward(Tape& tape, const Tensor& y, const std::vector<Tensor>& inputs, bool keep = false) {
  const Gradients gradients = tape.backward(y, {.seed = seed_like(y), .keep = keep});
  Result result{y.detach(), {}};
  for (const Tensor& input : inputs) result.gradients.push_back(gradients[input]);
  return result;
}

Result forward_and_backward(const Sample& sample, const std::vector<Tensor>& inputs) {
  Tape tape;
  tape.watch(inputs);
  return backward(tape, sample.call(inputs), inputs);
}

double largest(const Tensor& t) {
  double m = 0;
  for (std::int64_t i = 0; i < t.elements(); ++i) m = std::max(m, std::abs(t.at(i)));
  return m;
}

std::int64_t input_elements(const Sample& sample) {
  std::int64_t n = 0;
  for (const Shape& shape : sample.inputs) n += shape.elements();
  return n;
}

// A sum of n rounded terms errs by at most n roundings of its largest partial sum, and no sum of an op is longer than
// all its inputs together. `epsilon` is the distance from 1 to the next number.
void check_close(const Tensor& got, const Tensor& expected, std::int64_t terms, double epsilon) {
  REQUIRE(got.shape() == expected.shape());
  const double bound = epsilon * static_cast<double>(terms + 8) * std::max(1.0, largest(expected));
  double worst = 0;
  for (std::int64_t i = 0; i < got.elements(); ++i) {
    const double error = std::abs(got.at(i) - expected.at(i));
    worst = error <= worst ? worst : error;  // a NaN is the worst
  }
  INFO("largest error " << worst << ", bound " << bound);
  CHECK(worst <= bound);
}

bool same_values(const Tensor& a, const Tensor& b) {
  bool same = a.shape() == b.shape();
  for (std::int64_t i = 0; same && i < a.elements(); ++i) same = a.at(i) == b.at(i);
  return same;
}

constexpr double kEpsilon32 = std::numeric_limits<float>::epsilon();
constexpr double kEpsilon64 = std::numeric_limits<double>::epsilon();

}  // namespace

TEST_CASE("every op has a row, and every row an op") {
  std::set<std::string> rows, ops;
  for (const OpRow& row : op_table()) {
    INFO(row.op);
    CHECK(rows.insert(row.op).second);
    CHECK_FALSE(row.formula.empty());
    CHECK_FALSE(row.samples.empty());
    CHECK_FALSE(row.errors.empty());
  }
  for (const Op* op : all_ops()) {
    INFO(op->name);
    CHECK(ops.insert(op->name).second);
    CHECK((std::string(op->name) == "leaf" || rows.count(op->name) == 1));
  }
  // Composites have no node of their own: they and all others are functions of the vocabulary.
  std::stringstream text;
  for (const char* name : {"ops.h", "mixed_cell.h", "projection.h"})
    text << std::ifstream(NASCENT_SOURCE_DIR "/engine/ops/" + std::string(name)).rdbuf();
  const std::string vocabulary = text.str();
  std::set<std::string> declared;
  const std::regex declaration("\n(?:Tensor|BatchNormed|MixedCell|std::vector<Projected>) ([a-z_0-9]+)\\(");
  for (std::sregex_iterator it(vocabulary.begin(), vocabulary.end(), declaration), end; it != end; ++it)
    declared.insert((*it)[1]);
  CHECK(declared == rows);
}

TEST_CASE("f32 equals f64 to the last bit on integers where the row says so") {
  for_each_sample([](const OpRow& row, const Sample& sample) {
    if (!row.exact_on_integers) return;
    const Tensor y = sample.call(integer_inputs(sample, DType::f32));
    CHECK(y.dtype() == DType::f32);
    CHECK(same_values(y, sample.call(integer_inputs(sample, DType::f64))));
  });
}

TEST_CASE("f32 results and gradients equal f64 ones up to rounding") {
  for_each_sample([](const OpRow&, const Sample& sample) {
    const Result single = forward_and_backward(sample, real_inputs(sample, DType::f32));
    const Result exact = forward_and_backward(sample, real_inputs(sample, DType::f64));
    check_close(single.y, exact.y, input_elements(sample), kEpsilon32);
    for (std::size_t i = 0; i < exact.gradients.size(); ++i) {
      INFO("gradient of input " << i);
      check_close(single.gradients[i], exact.gradients[i], input_elements(sample), kEpsilon32);
    }
  });
}

TEST_CASE("f64 equals the plain loops of the row") {
  for_each_sample([](const OpRow& row, const Sample& sample) {
    if (!row.reference) return;
    if (row.exact_on_integers) {
      const std::vector<Tensor> integers = integer_inputs(sample, DType::f64);
      CHECK(same_values(sample.call(integers), row.reference(sample, integers)));
    }
    const std::vector<Tensor> reals = real_inputs(sample, DType::f64);
    check_close(sample.call(reals), row.reference(sample, reals), input_elements(sample), kEpsilon64);
  });
}

TEST_CASE("backward rules agree with finite differences, and so do their own") {
  for_each_sample([](const OpRow&, const Sample& sample) {
    const std::vector<Tensor> inputs = real_inputs(sample, DType::f64);
    for (int order : {1, 2}) {
      const GradcheckResult result = gradcheck(sample.call, inputs, {.order = order});
      INFO(result.message);
      CHECK(result.ok);
    }
  });
}

TEST_CASE("broken contracts are refused by name and line") {
  for (const OpRow& row : op_table())
    for (const ErrorCase& error : row.errors) {
      INFO(row.op << " must say " << error.message);
      std::string said = "nothing";
      try {
        error.call();
      } catch (const ContractError& e) {
        said = e.what();
      }
      INFO("it said " << said);
      CHECK(std::regex_search(said, std::regex("^" + error.message)));
      CHECK(std::regex_search(said, std::regex("\\([a-z_0-9]+\\.(cpp|h):[0-9]+\\)$")));
    }
}

TEST_CASE("results and gradients have the same bits for any number of threads") {
  const int before = kernels::threads();
  for_each_sample([](const OpRow&, const Sample& sample) {
    const std::vector<Tensor> inputs = real_inputs(sample, DType::f32);
    kernels::set_threads(1);
    const Result one = forward_and_backward(sample, inputs);
    for (int threads : {2, 3, 7}) {
      INFO(threads << " threads");
      kernels::set_threads(threads);
      CHECK(same_bits(forward_and_backward(sample, inputs), one));
    }
  });
  kernels::set_threads(before);
}

TEST_CASE("inputs are untouched and going backward twice gives the same bits") {
  for_each_sample([](const OpRow&, const Sample& sample) {
    const std::vector<Tensor> inputs = real_inputs(sample, DType::f32), copies = real_inputs(sample, DType::f32);
    std::vector<std::uint32_t> versions;
    for (const Tensor& input : inputs) versions.push_back(input.version());
    {
      Tape tape;
      tape.watch(inputs);
      const Tensor y = sample.call(inputs);
      const Result first = backward(tape, y, inputs, true);
      CHECK(same_bits(backward(tape, y, inputs), first));
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      CHECK(same_bits(inputs[i], copies[i]));
      CHECK(inputs[i].version() == versions[i]);
    }
  });
}

TEST_CASE("nothing reads memory it has not written") {
  for_each_sample([](const OpRow&, const Sample& sample) {
    for (DType dtype : {DType::f32, DType::f64}) {
      const std::vector<Tensor> inputs = real_inputs(sample, dtype);
      const Result clean = forward_and_backward(sample, inputs);
      BufferPool::instance().poison(true);
      const Result poisoned = forward_and_backward(sample, inputs);
      BufferPool::instance().poison(false);
      CHECK(same_bits(poisoned, clean));
    }
  });
}

TEST_CASE("the shapes of the benchmark too have the same bits for any number of threads", "[full]") {
  const int before = kernels::threads();
  for (const OpRow& row : op_table())
    for (const Sample& sample : row.benchmark) {
      INFO(row.op << ": " << sample.text);
      const std::vector<Tensor> inputs = real_inputs(sample, DType::f32);
      kernels::set_threads(1);
      const Result one = forward_and_backward(sample, inputs);
      kernels::set_threads(3);
      CHECK(same_bits(forward_and_backward(sample, inputs), one));
    }
  kernels::set_threads(before);
}

}  // namespace nascent
