// Tape::backward: the whole of reverse mode is the loop at the end of this file.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "engine/autograd/gradient_sum.h"
#include "engine/autograd/tape.h"
#include "engine/ops/ops.h"

namespace nascent {

// One walk backward over a tape: the gradients that have met so far, by node.
class Walk final : public Vjp {
 public:
  Walk(Tape& tape, std::int64_t last, const Backward& how, const Where& where)
      : tape_(tape), how_(how), gradients_(last + 1), wanted_(last + 1, false), keep_gradient_(last + 1, false) {
    for (const Tensor& t : how.wrt) {
      const std::int64_t index = tape.index_of(t, where);
      if (index < 0)
        throw ContractError("backward", "a tensor of shape " + t.shape().text() + " in wrt is not on this tape", where);
      if (index <= last) wanted_[index] = keep_gradient_[index] = true;
    }
    for (std::int64_t i = 0; i <= last; ++i) {
      const Node& node = tape.nodes_[i];
      if (how.wrt.empty() && node.inputs.empty()) wanted_[i] = keep_gradient_[i] = true;
      for (std::int64_t input : node.inputs)
        if (input >= 0 && wanted_[input]) wanted_[i] = true;
    }
  }

  const Tensor& dy(int output) const override { return dy_[static_cast<std::size_t>(output)]; }
  Tensor take_dy(int output) override { return std::exchange(dy_[static_cast<std::size_t>(output)], {}); }
  bool recording() const override { return how_.create_graph; }
  bool needs(int input) const override {
    const std::int64_t index = node_->inputs[input];
    return index >= 0 && wanted_[index];
  }
  const Tensor& saved(int i) const override {
    const SavedTensor& s = node_->saved[i];
    if (s.value.version() != s.version)
      throw ContractError(node_->op->name,
                          "a saved tensor of shape " + s.value.shape().text() + " was at version " +
                              std::to_string(s.version) + " and is now at " + std::to_string(s.value.version()) +
                              ": it was written to between forward and backward; clone() it first",
                          node_->where);
    return s.value;
  }
  Tensor take_saved(int i) override {
    Tensor value = saved(i);
    if (last_walk()) node_->saved[i].value = {};
    return value;
  }
  void add(int input, const Tensor& gradient, double factor) override {
    if (!needs(input)) return;
    const std::int64_t index = node_->inputs[input];
    if (gradient.shape() != tape_.nodes_[index].shape)
      throw ContractError(node_->op->name,
                          "backward rule gave input " + std::to_string(input) + " a gradient of shape " +
                              gradient.shape().text() + ", expected " + tape_.nodes_[index].shape.text(),
                          node_->where);
    GradientSum& sum = gradients_[index];
    if (!recording()) return sum.add(gradient, factor * dy_factor_);
    const Tensor scaled = factor == 1 ? gradient : affine(gradient, {.factor = factor}, node_->where);
    const Tensor met = sum.defined() ? nascent::add(sum.take().value, scaled, node_->where) : scaled;
    sum.add(met, 1);
  }

  Tensor* sum_so_far(int input) override {
    if (!needs(input) || recording() || dy_factor_ != 1) return nullptr;
    GradientSum& sum = gradients_[node_->inputs[input]];
    return sum.defined() && sum.total().sole_owner() ? &sum.total() : nullptr;
  }

  void seed(std::int64_t index, const Tensor& t) { gradients_[index].add(t, 1); }

  void visit_node(std::int64_t index, Gradients& result) {
    Node& node = tape_.nodes_[index];
    GradientSum& gradient = gradients_[index];
    if (gradient.defined() && wanted_[index]) {
      // Whoever watches gets the sum of a copy: to multiply in the factor of what a rule reads would change its bits.
      if (keep_gradient_[index]) result.set(handle(index), GradientSum(gradient).total());
      if (how_.observer && any_input_wanted(node)) how_.observer(node, index, GradientSum(gradient).total());
    }
    if (node.outputs == 0) return;  // waits for the first of its op's outputs, which comes last
    if (node.rule && wanted_[index] && take_gradients(index) && any_input_wanted(node)) {
      node_ = &node;
      fetch_saved(node);
      node.rule(*this);
    }
    dy_.clear();
    gradient = {};
    if (last_walk()) forget(node);  // memory falls as the walk proceeds
  }

  static void forget(Node& node) {
    if (!node.rule) return;  // a leaf keeps its storage alive
    fetch_saved(node);
    node.saved.clear();
    node.rule = nullptr;
  }

 private:
  bool last_walk() const { return !how_.keep && !how_.create_graph; }
  // All at once: memory has been gone through since somebody looked at these, and one after the other each would wait
  // for DRAM, half a microsecond, and a cell has two hundred.
  static void fetch_saved(const Node& node) {
    for (const SavedTensor& s : node.saved) __builtin_prefetch(s.value.storage());
  }
  bool any_input_wanted(const Node& node) const {
    return std::any_of(node.inputs.begin(), node.inputs.end(), [&](std::int64_t i) { return i >= 0 && wanted_[i]; });
  }

  // Of all outputs of a node's op; false: none came back. Only that of a single output is left beside a factor.
  bool take_gradients(std::int64_t index) {
    dy_.clear();
    dy_factor_ = 1;
    bool any = false;
    const int outputs = tape_.nodes_[index].outputs;
    for (int i = 0; i < outputs; ++i) {
      const auto at = static_cast<std::size_t>(index + i);
      Tensor& dy = dy_.emplace_back();
      if (at >= gradients_.size() || !gradients_[at].defined()) continue;
      any = true;
      if (outputs > 1) gradients_[at].total();
      GradientSum::Part part = gradients_[at].take();
      dy = std::move(part.value), dy_factor_ = part.factor;
    }
    return any;
  }

  // A handle by which the caller's own handle finds its gradient again.
  Tensor handle(std::int64_t index) const {
    const Node& node = tape_.nodes_[index];
    if (node.inputs.empty()) return node.saved[0].value;
    for (const Tensor& t : how_.wrt)
      if (t.slot() == Slot{tape_.id_, static_cast<std::uint32_t>(index)}) return t;
    return {};
  }

  Tape& tape_;
  const Backward& how_;
  std::vector<GradientSum> gradients_;
  std::vector<bool> wanted_, keep_gradient_;
  Node* node_ = nullptr;
  std::vector<Tensor> dy_;  // of the node visited, by output
  double dy_factor_ = 1;    // that is not its rule's business
};

Gradients Tape::backward(const Tensor& output, const Backward& how, Where where) {
  if (options_.counting_only)
    throw ContractError("backward", "this tape only counts; make one without {.counting_only = true}", where);
  if (consumed_)
    throw ContractError("backward",
                        "this tape was consumed by backward at line " + std::to_string(consumed_at_.line()) +
                            "; pass {.keep = true} there to go back twice",
                        where);
  const std::int64_t first = index_of(output, where);
  std::int64_t last = first;
  if (how.others.size() != how.other_seeds.size())
    throw ContractError("backward",
                        "expected " + std::to_string(how.others.size()) + " seeds for the other outputs, got " +
                            std::to_string(how.other_seeds.size()),
                        where);
  const auto expect_on_tape = [&](std::int64_t index) {
    if (index < 0)
      throw ContractError("backward", "the output depends on no watched tensor; watch() the leaves before using them",
                          where);
  };
  const auto expect_seed = [&](const Tensor& of, const Tensor& seed) {
    if (!seed.defined() || seed.shape() != of.shape() || seed.dtype() != of.dtype())
      throw ContractError("backward", "expected a seed of shape " + of.shape().text() + ", got " + seed.shape().text(),
                          where);
  };
  expect_on_tape(first);
  if (!how.seed.defined() && output.elements() != 1)
    throw ContractError("backward",
                        "expected a scalar, got shape " + output.shape().text() + "; pass a seed of that shape", where);
  if (how.seed.defined()) expect_seed(output, how.seed);
  for (std::size_t i = 0; i < how.others.size(); ++i) {
    const std::int64_t index = index_of(how.others[i], where);
    expect_on_tape(index), expect_seed(how.others[i], how.other_seeds[i]);
    last = std::max(last, index);
  }

  Walk walk(*this, last, how, where);
  walk.seed(first, how.seed.defined() ? how.seed : Tensor::full(output.shape(), 1, output.dtype()));
  for (std::size_t i = 0; i < how.others.size(); ++i) walk.seed(index_of(how.others[i], where), how.other_seeds[i]);
  std::optional<NoTape> silent;
  if (!how.create_graph) silent.emplace();
  Gradients result;
  if (!how.keep && !how.create_graph)
    for (std::size_t later = last + 1; later < nodes_.size(); ++later) Walk::forget(nodes_[later]);
  for (std::int64_t index = last; index >= 0; --index) walk.visit_node(index, result);
  if (!how.keep && !how.create_graph) {
    consumed_ = true;
    consumed_at_ = where;
  }
  return result;
}

}  // namespace nascent
