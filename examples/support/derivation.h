#pragma once
#include <string>

#include "nas/derive/derive.h"

namespace nascent::examples {

// A derivation as a table: a line an edge with its operation, how sure the search is of it, and whether it was kept.
std::string derivation_table(const nas::Derivation& derivation);
std::string chain_table(const nas::ChainArchitecture& chain);

}  // namespace nascent::examples
