#pragma once
// Random architectures: what a search must beat to have found something.
#include <cstdint>

#include "nas/genotype/genotype.h"

namespace nascent::nas {

// For every node two distinct predecessors (every pair equally likely, the earlier one first) and on each an operation,
// `none` left out, equally likely. A pure function of the seed.
Genotype random_genotype(std::uint64_t seed, const Space& space = darts_space());

}  // namespace nascent::nas
