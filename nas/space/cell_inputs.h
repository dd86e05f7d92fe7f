#pragma once
#include <memory>
#include <span>
#include <vector>

#include "nas/space/blocks.h"
#include "nas/space/skeleton.h"

namespace nascent::nas {

// Brings the outputs of the two cells before to this cell's size and channels: SCOPE.pre0 (a factorized reduce after a
// reduction cell) and SCOPE.pre1.
class CellInputs {
 public:
  CellInputs(const Scope& scope, const CellPlan& plan, bool affine);
  const Projection& before_previous() const { return *pre0_; }
  const Projection& previous() const { return *pre1_; }

 private:
  std::unique_ptr<Projection> pre0_, pre1_;
};

// The inputs of a network's cells in the making: an output is projected for all cells that read it as soon as it is
// there, fused in one pass over it, and so is its gradient.
class InputFeed {
 public:
  struct Options {
    bool fuse = true;  // in Phase::train; otherwise op by op
  };
  InputFeed(std::vector<const CellInputs*> cells, const Context& context, Options options);
  struct States {
    Tensor s0, s1;  // [batch, height, width, channels of the cell]
  };
  // The next cell's, from the output of the cell before it, or of the stem, which stands for both cells before the
  // first: parts side by side along the channels. At most once a cell.
  States next(std::span<const Tensor> parts);

 private:
  struct Reader {
    const Projection* projection;
    Tensor* state;
  };
  void project_together(std::vector<Reader> readers, std::span<const Tensor> parts) const;

  std::vector<const CellInputs*> cells_;
  std::vector<States> states_;
  std::size_t next_ = 0;
  const Context& context_;
  bool fuse_;
};

}  // namespace nascent::nas
