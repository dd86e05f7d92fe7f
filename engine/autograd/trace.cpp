#include "engine/autograd/trace.h"

#include <fmt/format.h>

#include <filesystem>

namespace nascent {

std::string trace(const Tape& tape) {
  std::string out = fmt::format("{:>5}  {:<22} {:<22} {:>10}  {:<14} {}\n", "#", "op", "shape", "saved", "in", "where");
  std::int64_t index = 0;
  for (const Node& node : tape.nodes()) {
    std::string inputs;
    for (std::int64_t input : node.inputs)
      inputs += (inputs.empty() ? "" : " ") + (input < 0 ? std::string("const") : std::to_string(input));
    out += fmt::format("{:>5}  {:<22} {:<22} {:>10}  {:<14} {}:{}\n", index++, node.op->name, node.shape.text(),
                       node.inputs.empty() ? 0 : node.saved_bytes(), inputs,
                       std::filesystem::path(node.where.file_name()).filename().string(), node.where.line());
  }
  return out;
}

}  // namespace nascent
