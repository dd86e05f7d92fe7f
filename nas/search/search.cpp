#include "nas/search/search.h"

#include <chrono>

#include "engine/data/batches.h"
#include "engine/optim/cosine_schedule.h"
#include "engine/tensor/buffer_pool.h"
#include "engine/tensor/process_memory.h"

namespace nascent::nas {
namespace {

using Clock = std::chrono::steady_clock;

// Running means over the samples of an epoch.
class EpochMeans {
 public:
  void add(const StepReport& step, std::size_t train, std::size_t validation) {
    train_loss_ += step.train_loss * static_cast<double>(train);
    validation_loss_ += step.validation_loss * static_cast<double>(validation);
    train_correct_ += step.train_correct;
    validation_correct_ += step.validation_correct;
    train_ += train;
    validation_ += validation;
  }
  bool empty() const { return train_ == 0; }
  void write(EpochReport& report, double seconds) const {
    report.train_loss = train_loss_ / static_cast<double>(train_);
    report.train_accuracy = static_cast<double>(train_correct_) / static_cast<double>(train_);
    report.validation_loss = validation_loss_ / static_cast<double>(validation_);
    report.validation_accuracy = static_cast<double>(validation_correct_) / static_cast<double>(validation_);
    report.images_per_second = static_cast<double>(train_ + validation_) / seconds;
    report.seconds = seconds;
  }

 private:
  double train_loss_ = 0, validation_loss_ = 0;
  std::int64_t train_correct_ = 0, validation_correct_ = 0;
  std::size_t train_ = 0, validation_ = 0;
};

}  // namespace

double mean_entropy(const std::vector<AlphaMatrix>& alphas) {
  double sum = 0;
  std::size_t edges = 0;
  for (const AlphaMatrix& cell : alphas) {
    sum += total_edge_entropy(cell);
    edges += cell.size();
  }
  return sum / static_cast<double>(edges);
}

SearchResult search(const TrainingData& training, const SearchOptions& options, const SearchObserver& observer) {
  const Dataset& data = training.data;
  if (data.size() < 4)
    throw DataError(data.name + ": a search needs at least 4 training images, got " + std::to_string(data.size()));
  BufferPool& pool = BufferPool::instance();
  pool.release_held();
  pool.reset_peak();
  SearchResult result;
  result.supernet = make_supernet(space_of(options), {.channels = options.channels,
                                                      .layers = options.layers,
                                                      .image = {data.channels, data.height, data.width},
                                                      .classes = data.classes,
                                                      .dtype = options.dtype,
                                                      .seed = options.seed,
                                                      .fuse = options.fuse,
                                                      .recomputed_cells = options.recomputed_cells});
  result.initial_alphas = result.supernet->alpha_matrices();
  Bilevel bilevel(*result.supernet, options.bilevel);

  const Normalization normalization = measure(data);
  const Halves halves = split_halves(data.size(), options.seed);
  BatchSampler train(halves.train, {.batch = options.batch, .seed = options.seed, .purpose = "search train"});
  BatchSampler validation(halves.validation,
                          {.batch = options.batch, .seed = options.seed, .purpose = "search validation"});
  const std::int64_t steps = std::min(train.steps_per_epoch(), validation.steps_per_epoch());

  std::size_t batch_size = 0;  // of the latest step, both halves together

  if (observer.on_start) observer.on_start();
  for (std::int64_t epoch = 0; epoch < options.epochs && !result.stopped; ++epoch) {
    const double rate =
        cosine(epoch, options.epochs, options.bilevel.weights.learning_rate, options.final_learning_rate);
    bilevel.sgd().set_learning_rate(rate);
    const BatchKey key{options.seed, static_cast<std::uint64_t>(epoch)};
    const auto load = [&](const auto& samples) {
      return make_batch(data, samples, normalization, options.augmentation, key, options.dtype);
    };
    EpochReport report{.epoch = epoch, .learning_rate = rate};
    EpochMeans means;
    const auto start = Clock::now();
    for (std::int64_t step = 0; step < steps; ++step) {
      if (observer.stop && observer.stop()) {
        result.stopped = true;
        break;
      }
      const auto drawn = train.batch(key.epoch, step), held_out = validation.batch(key.epoch, step);
      const bool steady = drawn.size() + held_out.size() == batch_size;
      batch_size = drawn.size() + held_out.size();
      // Buffers of another batch's sizes would only wait while this one takes its own.
      if (!steady) pool.release_held();
      const Batch t = load(drawn), v = load(held_out);
      const std::size_t allocations = pool.report().allocations;
      const StepReport last = bilevel.step(t, v);
      if (steady) result.steady_allocations += pool.report().allocations - allocations;
      means.add(last, t.labels.size(), v.labels.size());
      if (observer.on_step) observer.on_step({epoch, step, steps, last});
    }
    if (means.empty()) break;
    means.write(report, std::chrono::duration<double>(Clock::now() - start).count());
    report.alphas = result.supernet->alpha_matrices();
    report.mean_entropy = mean_entropy(report.alphas);
    report.peak_rss = peak_rss_bytes();
    report.pool_peak = pool.report().peak_bytes;
    result.history.push_back(report);
    if (observer.on_epoch) observer.on_epoch(report);
  }
  result.pool_peak = pool.report().peak_bytes;
  result.pool_peak_reserved = pool.report().peak_reserved_bytes;
  return result;
}

}  // namespace nascent::nas
