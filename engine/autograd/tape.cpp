#include "engine/autograd/tape.h"

#include <atomic>
#include <string>
#include <unordered_set>

namespace nascent {
namespace {

thread_local Tape* active_tape = nullptr;
std::atomic<std::uint32_t> next_tape_id{1};  // ids never repeat, so a slot of a tape that is gone is recognised

const Op kLeaf{"leaf", "(the gradient is the result)"};

std::vector<const Op*>& op_registry() {
  static std::vector<const Op*> ops;
  return ops;
}

}  // namespace

Op::Op(const char* op_name, const char* rule_text) : name(op_name), rule(rule_text) { op_registry().push_back(this); }
const std::vector<const Op*>& all_ops() { return op_registry(); }

std::size_t Node::saved_bytes() const {
  std::size_t sum = 0;
  for (const SavedTensor& s : saved) sum += s.value.bytes();
  return sum;
}

Tape::Tape(TapeOptions options) : options_(options), id_(next_tape_id++), outer_(active_tape) { active_tape = this; }
Tape::~Tape() { active_tape = outer_; }
Tape* Tape::active() { return active_tape; }

NoTape::NoTape() : was_(active_tape) { active_tape = nullptr; }
NoTape::~NoTape() { active_tape = was_; }

void Tape::watch(const Tensor& leaf, Where where) {
  if (!leaf.defined()) throw ContractError("watch", "expected a tensor, got an undefined one", where);
  if (!leaves_.emplace(leaf.storage(), static_cast<std::int64_t>(nodes_.size())).second) return;
  Node node;
  node.op = &kLeaf;
  node.shape = leaf.shape();
  node.dtype = leaf.dtype();
  node.saved = {{leaf, leaf.version()}};  // keeps the storage, and so its address, alive as long as the tape
  node.where = where;
  nodes_.push_back(std::move(node));
}

void Tape::watch(std::span<const Tensor> leaves, Where where) {
  for (const Tensor& leaf : leaves) watch(leaf, where);
}

std::int64_t Tape::index_of(const Tensor& t, const Where& where) const {
  if (!t.defined() || t.detached()) return -1;
  const Slot slot = t.slot();
  if (slot.tape == id_) return slot.index;
  if (const auto leaf = leaves_.find(t.storage()); leaf != leaves_.end()) {
    const Shape& shape = nodes_[leaf->second].shape;
    if (shape != t.shape())
      throw ContractError("tape",
                          "a tensor of shape " + t.shape().text() +
                              " shares its storage with the watched leaf of shape " + shape.text() +
                              " but was made off this tape; reshape the leaf on it, or detach()",
                          where);
    return leaf->second;
  }
  if (slot.tape != 0) {
    for (const Tape* outer = outer_; outer; outer = outer->outer_)
      if (outer->id_ == slot.tape) return -1;  // a value of an enclosing tape is a constant here
    throw ContractError("tape",
                        "a tensor of shape " + t.shape().text() + " was recorded on tape " + std::to_string(slot.tape) +
                            ", which is gone, and is used on tape " + std::to_string(id_) +
                            "; detach() it to use its value",
                        where);
  }
  return -1;
}

Tensor record(const Op& op, std::initializer_list<Tensor> inputs, Tensor output, Recorded recorded,
              const Where& where) {
  return record(op, std::vector<Tensor>(inputs), std::move(output), std::move(recorded), where);
}

Tensor record(const Op& op, const std::vector<Tensor>& inputs, Tensor output, Recorded recorded, const Where& where) {
  if (active_tape) active_tape->append(op, inputs, {&output, 1}, std::move(recorded), where);
  return output;
}

std::vector<Tensor> record(const Op& op, const std::vector<Tensor>& inputs, std::vector<Tensor> outputs,
                           Recorded recorded, const Where& where) {
  if (active_tape) active_tape->append(op, inputs, outputs, std::move(recorded), where);
  return outputs;
}

void Tape::append(const Op& op, const std::vector<Tensor>& inputs, std::span<Tensor> outputs, Recorded recorded,
                  const Where& where) {
  Node node;
  bool on_tape = false;
  node.inputs.reserve(inputs.size());
  for (const Tensor& input : inputs) {
    node.inputs.push_back(index_of(input, where));
    on_tape |= node.inputs.back() >= 0;
  }
  if (!on_tape) return;
  if (consumed_)
    throw ContractError(op.name,
                        "this tape was consumed by backward at line " + std::to_string(consumed_at_.line()) +
                            "; pass {.keep = true} there, or start a new Tape",
                        where);
  const auto first = static_cast<std::int64_t>(nodes_.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    outputs[i].set_slot({id_, static_cast<std::uint32_t>(nodes_.size())});
    if (i > 0) node = Node{}, node.inputs = {first}, node.outputs = 0;
    node.op = &op;
    node.shape = outputs[i].shape();
    node.dtype = outputs[i].dtype();
    node.where = where;
    nodes_.push_back(std::move(node));
  }
  Node& ruled = nodes_[static_cast<std::size_t>(first)];
  ruled.macs = recorded.macs;
  ruled.outputs = static_cast<int>(outputs.size());
  if (options_.counting_only) return;
  ruled.saved.reserve(recorded.save.size());
  for (Tensor& t : recorded.save) {
    // An output is saved by its place on the tape, so that a gradient of a gradient finds its way through it.
    for (const Tensor& output : outputs)
      if (t.storage() == output.storage() && t.shape() == output.shape()) t = output;
    const std::uint32_t version = t.version();
    ruled.saved.push_back({std::move(t), version});
  }
  ruled.rule = std::move(recorded.rule);
}

std::int64_t Tape::macs() const {
  std::int64_t sum = 0;
  for (const Node& node : nodes_) sum += node.macs;
  return sum;
}

std::size_t Tape::saved_bytes() const {
  std::unordered_set<const Storage*> seen;
  std::size_t sum = 0;
  for (const Node& node : nodes_)
    for (const SavedTensor& s : node.saved)
      if (node.op != &kLeaf && seen.insert(s.value.storage()).second) sum += s.value.bytes();
  return sum;
}

}  // namespace nascent
