#pragma once
// Architectures as pictures: a stand-alone SVG document that also stands inside a page.
#include <string>
#include <vector>

#include "nas/genotype/chain.h"
#include "nas/genotype/genotype.h"

namespace nascent::nas {

// "c_{k-2}", "c_{k-1}", "0", "1", ...
std::string state_name(int state);

// A cell from left to right in DARTS's colours: green inputs, blue nodes, goldenrod output. Every gene is an arrow with
// its operation on it; the concatenation is one dashed line below. Labels stand between the columns of states and one
// to a lane, so they cannot meet each other or a line that ends in a state.
std::string cell_svg(const std::vector<Gene>& genes, const std::vector<int>& concat, const std::string& title);

// A cell of the chain space: every edge with its operation, and the residual around it.
std::string chain_svg(const std::vector<ChainChoice>& edges, const std::string& title);

}  // namespace nascent::nas
