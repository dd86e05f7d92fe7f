#include "nas/network/train.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "nas/network/derived_network.h"
#include "tests/nas/same_bits.h"
#include "tests/nas/threads.h"

using namespace nascent;
using namespace nascent::nas;
using namespace nascent::test;

namespace {

TrainingData figures(const char* source = "synthetic:1x12x12") { return load_training(source, {.limit = 60}); }

DerivedNetwork small_network(const ImageSize& image = {1, 12, 12}, bool auxiliary = false) {
  return DerivedNetwork(*published_genotype("DARTS_V2"),
                        {.size = {.channels = 4, .layers = 3, .image = image}, .auxiliary = auxiliary, .seed = 2});
}

}  // namespace

TEST_CASE("a derived network learns a small set by heart") {
  const TrainingData data = figures();
  DerivedNetwork network = small_network();
  const auto history = train(network, data, measure(data.data), {.batch = 10, .epochs = 40, .seed = 1});
  REQUIRE(history.size() == 40);
  CHECK(history.front().loss > 1.5);
  CHECK(history.back().loss < 0.2 * history.front().loss);
  CHECK(history.back().accuracy > 0.9);
}

TEST_CASE("the learning rate follows the cosine step by step, to zero") {
  const TrainingData data = figures();
  DerivedNetwork network = small_network();
  std::int64_t steps = 0;
  const auto history = train(network, data, measure(data.data), {.batch = 20, .epochs = 2},
                             {.on_step = [&](std::int64_t epoch, std::int64_t step, std::int64_t of, double loss) {
                               CHECK(of == 3);
                               CHECK(epoch * 3 + step == steps++);
                               CHECK(std::isfinite(loss));
                             }});
  CHECK(steps == 6);
  // An epoch reports the rate of its last step: 2 and 5 of 6.
  CHECK(history[0].learning_rate == Approx(0.025 * (1 + std::cos(std::numbers::pi * 2 / 6)) / 2));
  CHECK(history[1].learning_rate == Approx(0.025 * (1 + std::cos(std::numbers::pi * 5 / 6)) / 2));
}

TEST_CASE("training gives the same bits for any number of threads, with all its parts on") {
  const TrainingData data = figures("synthetic:1x24x24");
  const TrainOptions options{.batch = 60,
                             .epochs = 2,
                             .drop_path = 0.4,
                             .augmentation = {.crop_padding = 2, .flip = true, .cutout = 6},
                             .seed = 3};
  std::vector<std::vector<Tensor>> weights, buffers;
  std::vector<double> losses;
  for (const int threads : {1, 2}) {
    const Threads use(threads);
    DerivedNetwork network = small_network({1, 24, 24}, /*auxiliary=*/true);
    losses.push_back(train(network, data, measure(data.data), options).back().loss);
    weights.push_back(network.store().weights());
    buffers.push_back(network.store().buffers());
  }
  CHECK(std::isfinite(losses[0]));
  CHECK(losses[1] == losses[0]);
  CHECK(same_bits(weights[1], weights[0]));
  CHECK(same_bits(buffers[1], buffers[0]));
}

TEST_CASE("every means of training changes what is learned") {
  const TrainingData data = figures("synthetic:1x24x24");
  const auto run = [&](const TrainOptions& options) {
    DerivedNetwork network = small_network({1, 24, 24}, /*auxiliary=*/true);
    train(network, data, measure(data.data), options);
    return network.store().weights();
  };
  TrainOptions plain{.batch = 60, .epochs = 2};  // drop path rises from 0: the second epoch is the first that drops
  const auto weights = run(plain);
  CHECK(same_bits(run(plain), weights));
  TrainOptions other = plain;
  SECTION("drop path") { other.drop_path = 0.5; }
  SECTION("auxiliary loss") { other.auxiliary_weight = 0; }
  SECTION("warm-up") { other.warm_up = 0.5; }
  SECTION("optimizer") { other.optimizer = kTrainingAdam; }
  SECTION("cutout") { other.augmentation.cutout = 8; }
  SECTION("seed") { other.seed = 9; }
  CHECK(!same_bits(run(other), weights));
}

TEST_CASE("a training can be stopped and ends with an error when the loss is no number") {
  const TrainingData data = figures();
  DerivedNetwork network = small_network();
  int asked = 0;
  const auto history =
      train(network, data, measure(data.data), {.batch = 20, .epochs = 5}, {.stop = [&] { return ++asked > 4; }});
  CHECK(history.size() == 1);
  TrainOptions wild{.batch = 20, .epochs = 5};
  wild.optimizer = SgdOptions{.learning_rate = 1e38};
  CHECK_THROWS_AS(train(network, data, measure(data.data), wild), NumericError);
}
