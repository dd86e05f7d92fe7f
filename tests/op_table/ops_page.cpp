#include "tests/op_table/ops_page.h"

#include <algorithm>

#include "engine/autograd/tape.h"
#include "engine/tensor/error.h"
#include "tests/op_table/op_table.h"

namespace nascent {
namespace {

const Op* find_op(const std::string& name) {
  const auto found = std::find_if(all_ops().begin(), all_ops().end(), [&](const Op* op) { return op->name == name; });
  return found == all_ops().end() ? nullptr : *found;
}

// What a composite leaves on the tape: "`matmul`, `add`".
std::string recorded_ops(const Sample& sample) {
  const std::vector<Tensor> inputs = real_inputs(sample, DType::f64);
  Tape tape;
  tape.watch(inputs);
  sample.call(inputs);
  std::string out;
  for (const Node& node : tape.nodes())
    if (!node.inputs.empty()) out += (out.empty() ? "`" : ", `") + std::string(node.op->name) + "`";
  return out;
}

// The message of a refused call, without the line it was made on.
std::string refusal(const ErrorCase& error) {
  try {
    error.call();
  } catch (const ContractError& e) {
    const std::string message = e.what();
    return message.substr(0, message.rfind(" ("));
  }
  return "(accepted)";
}

std::string section(const OpRow& row) {
  std::string out = "\n## " + row.op + "\n\n- forward: `" + row.formula + "`\n";
  if (const Op* op = find_op(row.op))
    out += "- backward: `" + std::string(op->rule) + "`\n";
  else
    out += "- recorded as " + recorded_ops(row.samples.front()) + "\n";
  out += "- checked on:";
  for (std::size_t i = 0; i < row.samples.size(); ++i) out += (i ? "; " : " ") + row.samples[i].text;
  out += "\n";
  if (!row.errors.empty()) out += "- refused:\n";
  for (const ErrorCase& error : row.errors) out += "  - `" + refusal(error) + "`\n";
  return out;
}

}  // namespace

std::string ops_page() {
  std::string out =
      "# Operations\n\n"
      "The vocabulary of [engine/ops/ops.h](../engine/ops/ops.h). `dy` is the gradient of the output, `dx` that of "
      "input `x`.\n"
      "Every backward rule is written in these same operations, so each is differentiable twice. For each sample "
      "the tests\n"
      "hold f32 against f64, f64 against plain loops, gradients of order 1 and 2 against finite differences, and the "
      "bits\n"
      "at 1, 2, 3 and 7 threads against each other.\n\n"
      "Written by the tests from the op table (`tests/op_table`); `NASCENT_UPDATE_DOCS=1 tests/test_engine "
      "\"docs/ops.md*\"` in the"
      "\n"
      "build folder writes it anew.\n";
  for (const OpRow& row : op_table()) out += section(row);
  return out;
}

}  // namespace nascent
