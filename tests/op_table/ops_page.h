#pragma once
#include <string>

namespace nascent {

// docs/ops.md, written from the op table: formula, backward rule, what is checked and what is refused.
std::string ops_page();

}  // namespace nascent
