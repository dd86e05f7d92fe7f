#include "engine/autograd/gradcheck.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/autograd/tape.h"
#include "engine/ops/ops.h"
#include "engine/tensor/random.h"

namespace nascent {
namespace {

Tensor random_like(const Tensor& x, const Random& random) {
  Tensor t = Tensor::empty(x.shape(), DType::f64);
  double* values = t.mutable_data<double>();
  for (std::int64_t i = 0; i < t.elements(); ++i) values[i] = random.normal(i);
  return t;
}

double inner(const Tensor& a, const Tensor& b) { return (a.array<double>() * b.array<double>()).sum(); }

std::vector<Tensor> moved(const std::vector<Tensor>& x, const std::vector<Tensor>& direction, double step) {
  std::vector<Tensor> out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    out.push_back(x[i].clone());
    out.back().mutable_array<double>() += step * direction[i].array<double>();
  }
  return out;
}

// sum over inputs of <u_i, df/dx_i applied backward to v>, and the same by central difference.
struct Pair {
  double backward, difference;
};
Pair compare(const Function& f, const std::vector<Tensor>& x, const std::vector<Tensor>& u, const Tensor& v,
             double epsilon) {
  Pair pair{0, 0};
  {
    Tape tape;
    tape.watch(x);
    const Tensor y = f(x);
    if (tape.index_of(y, Where::current()) >= 0) {
      const Gradients g = tape.backward(y, {.seed = v});
      for (std::size_t i = 0; i < x.size(); ++i)
        if (const Tensor* gi = g.find(x[i])) pair.backward += inner(*gi, u[i]);
    }
  }
  NoTape silent;
  const Tensor plus = f(moved(x, u, epsilon)), minus = f(moved(x, u, -epsilon));
  pair.difference = ((plus.array<double>() - minus.array<double>()) * v.array<double>()).sum() / (2 * epsilon);
  return pair;
}

// (x, v) -> sum over inputs of <r_i, gradient_i of <v, f(x)>>, differentiable on the active tape; on a tape of its own
// when none is active (the finite-difference side).
Function gradient_function(const Function& f, const std::vector<Tensor>& r) {
  return [f, r](const std::vector<Tensor>& xv) {
    const std::vector<Tensor> x(xv.begin(), xv.end() - 1);
    std::optional<Tape> own;
    if (!Tape::active()) own.emplace().watch(x);
    Tensor sum = Tensor::scalar(0, DType::f64);
    const Tensor y = f(x);
    if (Tape::active()->index_of(y, Where::current()) < 0) return sum;
    const Gradients g = Tape::active()->backward(y, {.wrt = x, .seed = xv.back(), .create_graph = true});
    for (std::size_t i = 0; i < x.size(); ++i)
      if (const Tensor* gi = g.find(x[i])) sum = add(sum, dot(*gi, r[i]));
    return sum;
  };
}

}  // namespace

GradcheckResult gradcheck(const Function& f, const std::vector<Tensor>& inputs, const GradcheckOptions& options) {
  GradcheckResult result;
  for (int p = 0; p < options.projections; ++p) {
    const auto random = [&](std::uint64_t what, std::uint64_t i) {
      return Random(options.seed, "gradcheck", {static_cast<std::uint64_t>(options.order), std::uint64_t(p), what, i});
    };
    Function g = f;
    std::vector<Tensor> x = inputs;
    if (options.order == 2) {
      NoTape silent;
      x.push_back(random_like(f(inputs), random(2, 0)));
      std::vector<Tensor> r;
      for (std::size_t i = 0; i < inputs.size(); ++i) r.push_back(random_like(inputs[i], random(3, i)));
      g = gradient_function(f, r);
    }
    std::vector<Tensor> u;
    for (std::size_t i = 0; i < x.size(); ++i) u.push_back(random_like(x[i], random(0, i)));
    Tensor y;
    {
      NoTape silent;
      y = g(x);
    }
    const Pair pair = compare(g, x, u, random_like(y, random(1, 0)), options.epsilon);
    const double error =
        std::abs(pair.backward - pair.difference) / (options.absolute + options.relative * std::abs(pair.difference));
    result.worst = std::max(result.worst, std::isfinite(error) ? error : INFINITY);
    if (!(error <= 1) && result.ok) {
      result.ok = false;
      result.message = "order " + std::to_string(options.order) + ", projection " + std::to_string(p) +
                       ": finite difference " + std::to_string(pair.difference) + ", backward " +
                       std::to_string(pair.backward);
    }
  }
  return result;
}

}  // namespace nascent
