// Tape::backward: the whole of reverse mode is the loop at the end of this file.
#include <algorithm>
#include <optional>
#include <string>

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

  const Tensor& dy() const override { return dy_.value; }
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
  void add(int input, const Tensor& gradient, double factor) override {
    if (!needs(input)) return;
    const std::int64_t index = node_->inputs[input];
    if (gradient.shape() != tape_.nodes_[index].shape)
      throw ContractError(node_->op->name,
                          "backward rule gave input " + std::to_string(input) + " a gradient of shape " +
                              gradient.shape().text() + ", expected " + tape_.nodes_[index].shape.text(),
                          node_->where);
    GradientSum& sum = gradients_[index];
    if (!recording()) return sum.add(gradient, factor * dy_.factor);
    const Tensor scaled = factor == 1 ? gradient : affine(gradient, {.factor = factor}, node_->where);
    const Tensor met = sum.defined() ? nascent::add(sum.take().value, scaled, node_->where) : scaled;
    sum.add(met, 1);
  }

  Tensor* sum_so_far(int input) override {
    if (!needs(input) || recording() || dy_.factor != 1) return nullptr;
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
      if (node.rule && any_input_wanted(node)) {
        node_ = &node;
        if (how_.observer) how_.observer(node, index, GradientSum(gradient).total());
        dy_ = gradient.take();
        node.rule(*this);
        dy_ = {};
      }
    }
    gradient = {};
    if (!how_.keep && !how_.create_graph) forget(node);  // memory falls as the walk proceeds
  }

  static void forget(Node& node) {
    if (!node.rule) return;  // a leaf keeps its storage alive
    node.saved.clear();
    node.rule = nullptr;
  }

 private:
  bool any_input_wanted(const Node& node) const {
    return std::any_of(node.inputs.begin(), node.inputs.end(), [&](std::int64_t i) { return i >= 0 && wanted_[i]; });
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
  GradientSum::Part dy_;  // of the node visited: its factor is not the rule's business
};

Gradients Tape::backward(const Tensor& output, const Backward& how, Where where) {
  if (options_.counting_only)
    throw ContractError("backward", "this tape only counts; make one without {.counting_only = true}", where);
  if (consumed_)
    throw ContractError("backward",
                        "this tape was consumed by backward at line " + std::to_string(consumed_at_.line()) +
                            "; pass {.keep = true} there to go back twice",
                        where);
  const std::int64_t last = index_of(output, where);
  if (last < 0)
    throw ContractError("backward", "the output depends on no watched tensor; watch() the leaves before using them",
                        where);
  if (!how.seed.defined() && output.elements() != 1)
    throw ContractError("backward",
                        "expected a scalar, got shape " + output.shape().text() + "; pass a seed of that shape", where);
  if (how.seed.defined() && (how.seed.shape() != output.shape() || how.seed.dtype() != output.dtype()))
    throw ContractError(
        "backward", "expected a seed of shape " + output.shape().text() + ", got " + how.seed.shape().text(), where);

  Walk walk(*this, last, how, where);
  walk.seed(last, how.seed.defined() ? how.seed : Tensor::full(output.shape(), 1, output.dtype()));
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
