#pragma once
// How cells are stacked (quark0/darts: cnn/model_search.py): the cells at a third and two thirds of the depth halve the
// image and double the channels; a cell sees the outputs of the two cells before it.
#include <cstdint>
#include <vector>

namespace nascent::nas {

struct CellPlan {
  std::int64_t before_previous = 0, previous = 0;  // channels of the two inputs
  std::int64_t channels = 0;                       // of each node inside
  bool reduction = false;
  bool after_reduction = false;  // the previous cell was one: the older input is still twice as large
};

struct Skeleton {
  std::int64_t channels = 16, layers = 8;
  std::int64_t stem_channels = 48;  // DARTS: three times `channels`
};

// `outputs_of(reduction)` nodes are concatenated by a cell of that kind.
struct CellOutputs {
  std::int64_t normal = 4, reduce = 4;
};
std::vector<CellPlan> plan_cells(const Skeleton& skeleton, const CellOutputs& outputs = {});
// Channels after the last cell.
std::int64_t output_channels(const std::vector<CellPlan>& plan, const CellOutputs& outputs = {});

}  // namespace nascent::nas
