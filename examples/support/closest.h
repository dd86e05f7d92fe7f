#pragma once
#include <string>
#include <vector>

namespace nascent::examples {

// "; did you mean '--epochs'?" when one of `known` is at most two edits from `typed`, else nothing.
std::string did_you_mean(const std::string& typed, const std::vector<std::string>& known);

}  // namespace nascent::examples
