#pragma once
// A whole search: epochs of bi-level steps over two disjoint halves of the training images. It takes TrainingData and
// nothing else, so it cannot see a test image.
#include <functional>
#include <memory>

#include "engine/data/load_training.h"
#include "nas/search/preset.h"
#include "nas/supernet/supernet.h"

namespace nascent::nas {

struct EpochReport {
  std::int64_t epoch = 0;  // from 0
  double train_loss = 0, train_accuracy = 0;
  double validation_loss = 0, validation_accuracy = 0;  // of the batches the alphas learned from, before their step
  double mean_entropy = 0;                              // of an edge's softmax, in nats
  double learning_rate = 0;
  double images_per_second = 0;  // training and validation images together
  double seconds = 0;
  std::size_t peak_rss = 0, pool_peak = 0;  // bytes: of the process so far, of tensors since the start
  std::vector<AlphaMatrix> alphas = {};     // after the epoch, raw, one a cell of the space
};

struct SearchProgress {
  std::int64_t epoch = 0, step = 0, steps_per_epoch = 0;
  StepReport last;
};

struct SearchObserver {
  std::function<void()> on_start = {};  // everything has been checked and the supernet built
  std::function<void(const SearchProgress&)> on_step = {};
  std::function<void(const EpochReport&)> on_epoch = {};
  // Asked before every step. True ends the search with a report of what the epoch has done, if anything.
  std::function<bool()> stop = {};
};

struct SearchResult {
  std::unique_ptr<Supernet> supernet;
  std::vector<EpochReport> history;
  std::vector<AlphaMatrix> initial_alphas;
  bool stopped = false;
  std::size_t pool_peak = 0, pool_peak_reserved = 0;  // bytes; PoolReport says what they are
  // Buffers the operating system was asked for by steps with a batch as large as the one before. The first such step is
  // the search's second; all work in what the one before them left.
  std::size_t steady_allocations = 0;
};

SearchResult search(const TrainingData& training, const SearchOptions& options, const SearchObserver& observer = {});

// The mean over all edges of all cells.
double mean_entropy(const std::vector<AlphaMatrix>& alphas);

}  // namespace nascent::nas
