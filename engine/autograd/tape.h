#pragma once
// Reverse-mode automatic differentiation on an explicit tape (Wengert list). Operations append a node each, in the
// order they ran. That order is a topological order, so going backward is one loop from the end: no recursion, no
// search of a graph.
//
//   Tape tape;
//   tape.watch(w);                                 // w is a leaf: its gradient is wanted
//   Tensor loss = cross_entropy(matmul(x, w), labels);
//   Gradients g = tape.backward(loss);             // g[w]
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/autograd/gradients.h"
#include "engine/autograd/op.h"

namespace nascent {

struct SavedTensor {
  Tensor value;
  std::uint32_t version = 0;  // of its storage when it was saved
};

struct Node {
  const Op* op = nullptr;
  std::vector<std::int64_t> inputs;  // indices of nodes on this tape; -1 for a constant
  Shape shape;                       // of the output
  DType dtype = DType::f32;
  std::vector<SavedTensor> saved;
  Rule rule;
  std::int64_t macs = 0;
  // How many nodes the op's outputs are: this one, which has the rule, and those behind it, which have 0 and this one
  // for an input.
  int outputs = 1;
  Where where;

  std::size_t saved_bytes() const;
};

struct Backward {
  std::vector<Tensor> wrt = {};                       // whose gradients are wanted; empty: all watched leaves
  Tensor seed = {};                                   // dL/d(output); default 1 for a scalar
  std::vector<Tensor> others = {}, other_seeds = {};  // further outputs to go back from, and dL/d of each
  bool keep = false;                                  // keep what was saved, so that backward can be called again
  bool create_graph = false;                          // record the backward pass itself (implies keep)
  std::function<void(const Node&, std::int64_t index, const Tensor& dy)> observer =
      {};  // sees each node before it runs
};

struct TapeOptions {
  bool counting_only = false;  // keep shapes and multiply-adds but nothing to go backward with: for counting costs
};

class Tape {
 public:
  explicit Tape(TapeOptions options = {});  // becomes the active tape of this thread until it is destroyed
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;
  static Tape* active();

  // Makes a tensor a leaf. Known by its storage: any handle on it is the leaf, except a detach()ed one.
  void watch(const Tensor& leaf, Where where = Where::current());
  void watch(std::span<const Tensor> leaves, Where where = Where::current());

  // Walks the tape backward from `output`, and from the others with it. Errors: one is not on this tape; no seed for a
  // non-scalar; a saved tensor was written to; backward was already run without {.keep = true}.
  Gradients backward(const Tensor& output, const Backward& how = {}, Where where = Where::current());

  const std::deque<Node>& nodes() const { return nodes_; }
  // The node a tensor stands for on this tape; -1 when it is a constant here.
  std::int64_t index_of(const Tensor& t, const Where& where) const;
  std::int64_t macs() const;        // multiply-adds of everything recorded
  std::size_t saved_bytes() const;  // bytes held for backward, shared storage counted once

 private:
  friend Tensor record(const Op&, const std::vector<Tensor>&, Tensor, Recorded, const Where&);
  friend std::vector<Tensor> record(const Op&, const std::vector<Tensor>&, std::vector<Tensor>, Recorded, const Where&);
  friend class Walk;
  void append(const Op& op, const std::vector<Tensor>& inputs, std::span<Tensor> outputs, Recorded recorded,
              const Where& where);

  TapeOptions options_;
  std::uint32_t id_;
  Tape* outer_;
  std::deque<Node> nodes_;  // a deque: nodes stay where they are while a recorded backward pass appends
  std::unordered_map<const Storage*, std::int64_t> leaves_;
  bool consumed_ = false;
  Where consumed_at_;
};

// Switches recording off on this thread while it lives.
class NoTape {
 public:
  NoTape();
  ~NoTape();
  NoTape(const NoTape&) = delete;
  NoTape& operator=(const NoTape&) = delete;

 private:
  Tape* was_;
};

}  // namespace nascent
