#pragma once
// What an operation tells a tape. An op is three things: a file in engine/ops/, a declaration in engine/ops/ops.h and
// a row in the op table of the tests.
#include <functional>
#include <initializer_list>
#include <vector>

#include "engine/tensor/tensor.h"

namespace nascent {

// The static description of an op: its name, and its backward rule as a person would write it.
struct Op {
  Op(const char* op_name, const char* rule_text);
  const char* name;
  const char* rule;  // "dx = dy * [x > 0]"
};
// Every op linked into the program, for tests and documentation.
const std::vector<const Op*>& all_ops();

// What a backward rule sees: the gradient of the output, what the forward saved, and a place for the inputs' gradients.
// A rule is written in ops. When the tape keeps recording, these ops are recorded too: that is the gradient of the
// gradient. A rule is linear in dy, so a constant factor of dy need not be multiplied in before it runs: the walk keeps
// it aside, hands the rule what it stands before, and applies it where the gradients meet.
class Vjp {
 public:
  virtual ~Vjp() = default;
  virtual const Tensor& dy(int output = 0) const = 0;  // undefined where none came back to that one of several outputs
  // The same, the rule's own from here on: to be written to where it is the sole owner.
  virtual Tensor take_dy(int output) = 0;
  virtual const Tensor& saved(int index) const = 0;  // throws when it was written to since
  // The same, for the last time: where the tape does not go back once more it lets go of it, so that memory falls
  // within a rule that has much.
  virtual Tensor take_saved(int index) = 0;
  virtual bool needs(int input) const = 0;  // does anybody want this input's gradient?
  // Adds factor * gradient, the factor a constant.
  virtual void add(int input, const Tensor& gradient, double factor = 1) = 0;
  // What has met of this input's gradient so far, where a rule may add to it in place instead of add(): a pass fewer
  // over memory, the same sum. Null where there is nothing, somebody else holds it, dy stands beside a factor, or the
  // gradient is recorded.
  virtual Tensor* sum_so_far(int input) = 0;
  virtual bool recording() const = 0;  // will this gradient be differentiated again?
};
using Rule = std::function<void(Vjp&)>;

struct Recorded {
  std::vector<Tensor> save = {};  // handles, never copies; the output itself may be among them
  Rule rule = {};
  std::int64_t macs = 0;  // multiply-adds of the forward, by the field's convention (convolutions and linear)
};

// Puts an op's result on the active tape and returns it. Without an active tape, or when no input is on it, the result
// is a constant and is returned unchanged.
Tensor record(const Op& op, std::initializer_list<Tensor> inputs, Tensor output, Recorded recorded, const Where& where);
Tensor record(const Op& op, const std::vector<Tensor>& inputs, Tensor output, Recorded recorded, const Where& where);
// An op of several outputs. Its rule runs once, when the gradients of all of them have met.
std::vector<Tensor> record(const Op& op, const std::vector<Tensor>& inputs, std::vector<Tensor> outputs,
                           Recorded recorded, const Where& where);

}  // namespace nascent
