#pragma once
// The architecture derived from a chain space such as `lecture`: one operation for every edge of every cell, and how
// sure the search was of it. As text:
//   ChainArchitecture(cells=[[('conv3x3', 0.25), ('skip', 0.3), ...], ...])
#include <string>
#include <string_view>
#include <vector>

#include "nas/space/space.h"

namespace nascent::nas {

struct ChainChoice {
  std::string operation;
  double probability;  // the operation's softmax weight, 0 to 1
  bool operator==(const ChainChoice&) const = default;
};

struct ChainArchitecture {
  std::vector<std::vector<ChainChoice>> cells;
  bool operator==(const ChainArchitecture&) const = default;
};

// Text or JSON; DataError as parse_genotype.
ChainArchitecture parse_chain(std::string_view text, const Space& space = lecture_space(),
                              const std::string& origin = "architecture");

// Numbers are printed so that they read back to the same bits.
std::string to_text(const ChainArchitecture& chain);
std::string to_json(const ChainArchitecture& chain);

}  // namespace nascent::nas
