#include "nas/space/space.h"

#include <algorithm>

#include "engine/tensor/error.h"
#include "nas/space/suggest.h"

namespace nascent::nas {
namespace {

std::vector<Edge> every_earlier_state(int inputs, int nodes) {
  std::vector<Edge> edges;
  for (int target = inputs; target < inputs + nodes; ++target)
    for (int source = 0; source < target; ++source) edges.push_back({source, target});
  return edges;
}

std::vector<Edge> one_after_the_other(int nodes) {
  std::vector<Edge> edges;
  for (int state = 0; state < nodes; ++state) edges.push_back({state, state + 1});
  return edges;
}

// A product of small factors outgrows 64 bits for larger spaces, so it is kept in decimal, least digit first.
std::string product(const std::vector<int>& factors) {
  std::vector<int> digits{1};
  for (int factor : factors) {
    long carry = 0;
    for (int& digit : digits) {
      carry += static_cast<long>(digit) * factor;
      digit = static_cast<int>(carry % 10);
      carry /= 10;
    }
    for (; carry > 0; carry /= 10) digits.push_back(static_cast<int>(carry % 10));
  }
  std::string text;
  for (std::size_t i = digits.size(); i-- > 0;) {
    text += static_cast<char>('0' + digits[i]);
    if (i > 0 && i % 3 == 0) text += ',';
  }
  return text;
}

}  // namespace

int Space::index_of(std::string_view operation) const {
  const auto found = std::find(operations.begin(), operations.end(), operation);
  return found == operations.end() ? -1 : static_cast<int>(found - operations.begin());
}

std::vector<std::string> Space::derivable() const {
  std::vector<std::string> names = operations;
  std::erase(names, "none");
  return names;
}

std::vector<int> Space::rows_of_node(int node) const {
  std::vector<int> rows;
  for (std::size_t row = 0; row < edges.size(); ++row)
    if (edges[row].target == inputs + node) rows.push_back(static_cast<int>(row));
  return rows;
}

const Space& darts_space() {
  static const Space space{
      .name = "darts",
      .operations = {"none", "max_pool_3x3", "avg_pool_3x3", "skip_connect", "sep_conv_3x3", "sep_conv_5x5",
                     "dil_conv_3x3", "dil_conv_5x5"},
      .cells = {"normal", "reduce"},
      .inputs = 2,
      .nodes = 4,
      .edges = every_earlier_state(2, 4),
  };
  return space;
}

const Space& lecture_space() {
  static const Space space = chain_space(2, 3);
  return space;
}

Space chain_space(int cells, int edges) {
  Space space{
      .name = "lecture",
      .operations = {"conv3x3", "conv5x5", "sep_conv3x3", "max_pool", "skip"},
      .cells = {},
      .inputs = 1,
      .nodes = edges,
      .edges = one_after_the_other(edges),
  };
  for (int cell = 0; cell < cells; ++cell) space.cells.push_back("cell " + std::to_string(cell));
  return space;
}

const std::vector<std::string>& space_names() {
  static const std::vector<std::string> names{"darts", "lecture"};
  return names;
}

const Space& space_named(std::string_view name) {
  if (name == "darts") return darts_space();
  if (name == "lecture") return lecture_space();
  throw UsageError("unknown space '" + std::string(name) + "'." + did_you_mean(name, space_names()) +
                   " The spaces are " + comma_list(space_names()) + ".");
}

std::string assignment_count(const Space& space) {
  const bool apart = space.inputs > 1;  // normal and reduction cells stand for themselves; a chain is one architecture
  const std::size_t edges = space.edges.size() * (apart ? 1 : space.cells.size());
  return product(std::vector<int>(edges, static_cast<int>(space.operations.size())));
}

std::string derivable_cell_count(const Space& space) {
  const int choices = static_cast<int>(space.derivable().size());
  std::vector<int> factors;
  for (int node = 0; node < space.nodes; ++node) {
    const int in = static_cast<int>(space.rows_of_node(node).size());
    const std::vector<int> of_node =
        in >= 2 ? std::vector<int>{in * (in - 1) / 2, choices, choices} : std::vector<int>{choices};
    factors.insert(factors.end(), of_node.begin(), of_node.end());
  }
  return product(factors);
}

}  // namespace nascent::nas
