#pragma once
// A search space is data: which operations stand for choice on which edges of which cells.
//
// A cell computes numbered states. States 0 .. inputs-1 are given; every further state is the sum of its edges. The
// rows of an alpha matrix are `edges`, in this order, and its columns are `operations`, in this order.
#include <string>
#include <string_view>
#include <vector>

namespace nascent::nas {

struct Edge {
  int source;  // state the edge reads
  int target;  // state the edge is summed into
};

struct Space {
  std::string name;
  std::vector<std::string> operations;
  std::vector<std::string> cells;  // the cells searched apart from each other, each with an alpha matrix of its own
  int inputs;                      // states a cell is given
  int nodes;                       // states a cell computes
  std::vector<Edge> edges;         // grouped by target, sources ascending

  // Column of an operation, or -1.
  int index_of(std::string_view operation) const;
  // The operations a derived architecture may hold: all but `none`.
  std::vector<std::string> derivable() const;
  // Rows of the alpha matrix that enter node `node` (0 .. nodes-1), in order.
  std::vector<int> rows_of_node(int node) const;
  int alphas_per_cell() const { return static_cast<int>(edges.size() * operations.size()); }
  int alphas() const { return alphas_per_cell() * static_cast<int>(cells.size()); }
};

// DARTS (Liu, Simonyan, Yang, 2019): two input states, four nodes, an edge from every earlier state (14 of them),
// eight operations; a normal and a reduction cell.
const Space& darts_space();

// The residual chain of the course demo: two cells of three edges, one after the other, x = x + edge(x).
const Space& lecture_space();
// The same with other numbers of cells and of edges in each.
Space chain_space(int cells, int edges);

// By name; UsageError for an unknown one.
const Space& space_named(std::string_view name);
const std::vector<std::string>& space_names();

// How many ways there are to put one operation on every edge of a cell: operations^edges, exact, with thousands
// separators. Cells that are only searched together (the chain's) count together. DARTS: 8^14 = 4,398,046,511,104.
std::string assignment_count(const Space& space);

// How many cells the top-2 rule can derive: for every node two distinct predecessors and an operation, not `none`, on
// each. DARTS: 1,037,664,180 a cell.
std::string derivable_cell_count(const Space& space);

}  // namespace nascent::nas
