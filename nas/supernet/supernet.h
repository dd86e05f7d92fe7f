#pragma once
// The network that holds every candidate at once: each edge computes all its operations and mixes them by the softmax
// of its row of alphas.
#include <memory>
#include <string>
#include <vector>

#include "engine/nn/module.h"
#include "engine/nn/parameter_store.h"
#include "nas/derive/derive.h"
#include "nas/image_size.h"
#include "nas/network/network_size.h"
#include "nas/space/space.h"

namespace nascent::nas {

struct SupernetOptions {
  std::int64_t channels = 16, layers = 8;
  ImageSize image = {};
  std::int64_t classes = 10;
  DType dtype = DType::f32;
  std::uint64_t seed = 0;
  // DARTS space, Phase::train: compute a cell's edges in one op (engine/ops/mixed_cell.h) rather than op by op.
  bool fuse = true;
  // Of that many cells from the first on, keep only the nodes and compute the branches again going backward: less
  // memory, more time, the same bits.
  std::int64_t recomputed_cells = 0;
};

struct NamedAlpha {
  std::string name;
  Tensor value;  // [edges, operations], or [operations] for one edge
};

class Supernet : public Module {
 public:
  ParameterStore& store() { return store_; }
  const ParameterStore& store() const { return store_; }
  const Space& space() const { return space_; }
  const std::vector<NamedAlpha>& named_alphas() const { return alphas_; }
  std::vector<Tensor> alphas() const;
  std::int64_t alpha_count() const;
  // Raw alphas as plain numbers: one matrix for each of space().cells.
  virtual std::vector<AlphaMatrix> alpha_matrices() const = 0;

 protected:
  Supernet(const Space& space, const SupernetOptions& options) : store_(options.seed, options.dtype), space_(space) {}
  // Registers alphas drawn from 1e-3 * N(0, 1), DARTS's start: every operation nearly alike.
  Tensor add_alpha(const std::string& name, const Shape& shape);

 private:
  ParameterStore store_;
  Space space_;
  std::vector<NamedAlpha> alphas_;
};

// UsageError for sizes that make no network (fewer than one layer, channels DARTS cannot halve, absurd sizes).
std::unique_ptr<Supernet> make_supernet(const Space& space, const SupernetOptions& options);

}  // namespace nascent::nas
