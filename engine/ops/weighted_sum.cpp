// The mix of an edge's branches and the gradient of its weights, a family closed under differentiation.
#include "engine/autograd/op.h"
#include "engine/ops/image_checks.h"
#include "kernels/mixed_edge.h"

namespace nascent {
namespace {

const Op kWeightedSum{"weighted_sum", "dweights = branch_dots(dy, branches);  dbranches[k] = weights[k] * dy"};
const Op kBranchDots{"branch_dots", "for g = d(dots):  d(dy) = weighted_sum(g, branches);  dbranches[k] = g[k] * dy"};

using namespace image_checks;

void expect_branches(const char* who, std::span<const Tensor> branches, const Where& where) {
  const auto count = static_cast<std::int64_t>(branches.size());
  if (count < 1 || count > kernels::kMaxBranches)
    refuse(who, "1 to " + std::to_string(kernels::kMaxBranches) + " branches", std::to_string(count), where);
  for (std::size_t k = 0; k < branches.size(); ++k) {
    const std::string branch = "branch " + std::to_string(k);
    expect_defined(who, branch.c_str(), branches[k], where);
    expect_same_dtype(who, branches[0], branch.c_str(), branches[k], where);
    expect_shape(who, branch.c_str(), branches[k].shape(), branches[0].shape(), where);
  }
}

template <class T>
struct Pointers {
  explicit Pointers(std::span<const Tensor> branches) : count(static_cast<int>(branches.size())) {
    for (int k = 0; k < count; ++k) data[k] = branches[k].data<T>();
  }
  int count;
  const T* data[kernels::kMaxBranches];
};

std::vector<Tensor> with_branches(const Tensor& first, std::span<const Tensor> branches) {
  std::vector<Tensor> all{first};
  all.insert(all.end(), branches.begin(), branches.end());
  return all;
}

// What both rules do to the branches: d(branch k) = factors[k] * t, the factor a constant unless it will be
// differentiated.
void add_branch_gradients(Vjp& v, int count, const Tensor& factors, const Tensor& t, const Where& where) {
  for (int k = 0; k < count; ++k) {
    if (!v.needs(k + 1)) continue;
    if (v.recording())
      v.add(k + 1, weighted_sum(slice(factors, {.axis = 0, .begin = k, .end = k + 1}, where), {&t, 1}, where));
    else
      v.add(k + 1, t, factors.at(k));
  }
}

std::vector<Tensor> saved_branches(Vjp& v, int count) {
  std::vector<Tensor> branches;
  for (int k = 0; k < count; ++k) branches.push_back(v.saved(k + 1));
  return branches;
}

}  // namespace

Tensor weighted_sum(const Tensor& weights, std::span<const Tensor> branches, Where where) {
  expect_defined(kWeightedSum.name, "weights", weights, where);
  expect_branches(kWeightedSum.name, branches, where);
  expect_same_dtype(kWeightedSum.name, branches[0], "weights", weights, where);
  const int count = static_cast<int>(branches.size());
  expect_shape(kWeightedSum.name, "weights", weights.shape(), {count}, where);
  Tensor y = Tensor::empty(branches[0].shape(), weights.dtype());
  visit(weights.dtype(), [&](auto zero) {
    using T = decltype(zero);
    kernels::weighted_sum(y.elements(), count, weights.data<T>(), Pointers<T>(branches).data, y.mutable_data<T>());
  });
  const Rule rule = [count, where](Vjp& v) {
    if (v.needs(0)) v.add(0, branch_dots(v.dy(), saved_branches(v, count), where));
    add_branch_gradients(v, count, v.saved(0), v.dy(), where);
  };
  const std::vector<Tensor> inputs = with_branches(weights, branches);
  return record(kWeightedSum, inputs, y, {.save = inputs, .rule = rule}, where);
}

Tensor branch_dots(const Tensor& dy, std::span<const Tensor> branches, Where where) {
  expect_defined(kBranchDots.name, "dy", dy, where);
  expect_branches(kBranchDots.name, branches, where);
  expect_same_dtype(kBranchDots.name, branches[0], "dy", dy, where);
  expect_shape(kBranchDots.name, "dy", dy.shape(), branches[0].shape(), where);
  const int count = static_cast<int>(branches.size());
  Tensor dots = Tensor::empty({count}, dy.dtype());
  visit(dy.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Tensor scratch = Tensor::scratch(kernels::branch_dots_scratch<T>(dy.elements(), count), dy.dtype());
    kernels::branch_dots(dy.elements(), count, dy.data<T>(), Pointers<T>(branches).data, dots.mutable_data<T>(),
                         scratch.mutable_data<T>());
  });
  const Rule rule = [count, where](Vjp& v) {
    if (v.needs(0)) v.add(0, weighted_sum(v.dy(), saved_branches(v, count), where));
    add_branch_gradients(v, count, v.dy(), v.saved(0), where);
  };
  const std::vector<Tensor> inputs = with_branches(dy, branches);
  return record(kBranchDots, inputs, dots, {.save = inputs, .rule = rule}, where);
}

}  // namespace nascent
