#pragma once
// JSON of the two kinds of architecture, read strictly: no duplicate keys, no nesting beyond what they need. The
// callers check operations and states against the space.
#include "nas/genotype/chain.h"
#include "nas/genotype/genotype.h"

namespace nascent::nas {

Genotype genotype_from_json(std::string_view text, const std::string& origin);
ChainArchitecture chain_from_json(std::string_view text, const std::string& origin);

}  // namespace nascent::nas
