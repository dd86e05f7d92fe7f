#include "nas/derive/random_architecture.h"

#include <algorithm>
#include <numeric>

#include "engine/tensor/random.h"

namespace nascent::nas {

Genotype random_genotype(std::uint64_t seed, const Space& space) {
  const std::vector<std::string> operations = space.derivable();
  const auto cell = [&](std::uint64_t number) {
    std::vector<Gene> genes;
    for (int node = 0; node < space.nodes; ++node) {
      const Random random(seed, "random architecture", {number, static_cast<std::uint64_t>(node)});
      const std::uint32_t states = static_cast<std::uint32_t>(space.inputs + node);
      int from[2] = {static_cast<int>(random.below(0, states)), static_cast<int>(random.below(1, states - 1))};
      if (from[1] >= from[0]) ++from[1];  // the second is drawn from the states that are left
      std::sort(from, from + 2);
      for (std::uint64_t k = 0; k < 2; ++k)
        genes.push_back({operations[random.below(2 + k, static_cast<std::uint32_t>(operations.size()))], from[k]});
    }
    return genes;
  };
  std::vector<int> concat(static_cast<std::size_t>(space.nodes));
  std::iota(concat.begin(), concat.end(), space.inputs);
  return {cell(0), cell(1), concat, concat};
}

}  // namespace nascent::nas
