#include "nas/search/search.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "tests/nas/same_bits.h"
#include "tests/nas/threads.h"

using namespace nascent;
using namespace nascent::nas;
using namespace nascent::test;

namespace {

const TrainingData& figures() {
  static const TrainingData data = load_training("synthetic:1x12x12", {.limit = 64});
  return data;
}

SearchOptions small_search() {
  SearchOptions o;
  o.channels = 2;
  o.layers = 3;  // a normal cell and two reductions
  o.batch = 16;
  o.epochs = 1;
  o.seed = 4;
  return o;
}

struct Outcome {
  std::vector<Tensor> weights, buffers, alphas;
  std::string genotype;
};

Outcome outcome(const SearchResult& result) {
  const auto matrices = result.supernet->alpha_matrices();
  return {result.supernet->store().weights(), result.supernet->store().buffers(), result.supernet->alphas(),
          to_text(derive_genotype(matrices[0], matrices[1]).genotype)};
}

bool same(const Outcome& a, const Outcome& b) {
  return same_bits(a.weights, b.weights) && same_bits(a.buffers, b.buffers) && same_bits(a.alphas, b.alphas) &&
         a.genotype == b.genotype;
}

}  // namespace

TEST_CASE("a seed gives the same alphas, weights and genotype on every run and any number of threads") {
  SearchOptions options = small_search();
  const TrainingData* data = &figures();
  const TrainingData few = load_training("synthetic:1x8x8", {.limit = 8});
  SECTION("first order") {}
  SECTION("second order") {
    options.bilevel.order = Order::second;
    options.batch = 4;
    options.layers = 2;
    data = &few;
  }
  SECTION("second order exact") {
    options.bilevel.order = Order::exact;
    options.batch = 4;
    options.layers = 2;
    data = &few;
  }
  const SearchResult kept = search(*data, options);
  const Outcome first = outcome(kept);
  CHECK(same(outcome(search(*data, options)), first));
  for (const int threads : {2, 3}) {
    const Threads use(threads);
    CAPTURE(threads);
    const SearchResult other = search(*data, options);
    CHECK(same(outcome(other), first));
    CHECK(other.history[0].train_loss == kept.history[0].train_loss);
    CHECK(other.history[0].validation_loss == kept.history[0].validation_loss);
  }
  options.seed = 5;
  const Outcome another = outcome(search(*data, options));
  CHECK(!same_bits(another.alphas, first.alphas));
  CHECK(!same_bits(another.weights, first.weights));
}

TEST_CASE("the three orders take different steps") {
  const TrainingData few = load_training("synthetic:1x8x8", {.limit = 16});
  SearchOptions options = small_search();
  options.batch = 4;
  std::vector<Outcome> outcomes;
  for (const Order order : {Order::first, Order::second, Order::exact}) {
    options.bilevel.order = order;
    outcomes.push_back(outcome(search(few, options)));
  }
  CHECK(!same_bits(outcomes[0].alphas, outcomes[1].alphas));
  CHECK(!same_bits(outcomes[0].alphas, outcomes[2].alphas));
  CHECK(!same_bits(outcomes[1].alphas, outcomes[2].alphas));
}

TEST_CASE("every image teaches either the weights or the alphas, and none both") {
  const TrainingData eight = load_training("synthetic:1x8x8", {.limit = 8});
  SearchOptions weights_only = small_search(), alphas_only = small_search();
  weights_only.batch = alphas_only.batch = 2;
  weights_only.bilevel.alphas.learning_rate = 0;
  alphas_only.bilevel.weights.learning_rate = alphas_only.final_learning_rate = 0;
  const Outcome weights = outcome(search(eight, weights_only)), alphas = outcome(search(eight, alphas_only));
  int teach_weights = 0;
  for (std::size_t image = 0; image < 8; ++image) {
    TrainingData relabelled = eight;
    relabelled.data.labels[image] = (relabelled.data.labels[image] + 1) % relabelled.data.classes;
    const bool moves_weights = !same_bits(outcome(search(relabelled, weights_only)).weights, weights.weights);
    const bool moves_alphas = !same_bits(outcome(search(relabelled, alphas_only)).alphas, alphas.alphas);
    CAPTURE(image);
    CHECK(moves_weights != moves_alphas);
    teach_weights += moves_weights;
  }
  CHECK(teach_weights == 4);
}

TEST_CASE("the history tells every epoch") {
  SearchOptions options = small_search();
  options.epochs = 3;
  std::int64_t steps = 0;
  std::vector<std::int64_t> reported;
  const SearchObserver observer{.on_step =
                                    [&](const SearchProgress& p) {
                                      CHECK(p.steps_per_epoch == 2);
                                      CHECK(p.epoch == steps / 2);
                                      CHECK(p.step == steps % 2);
                                      ++steps;
                                    },
                                .on_epoch = [&](const EpochReport& e) { reported.push_back(e.epoch); }};
  const SearchResult result = search(figures(), options, observer);
  CHECK(steps == 6);
  CHECK(reported == std::vector<std::int64_t>{0, 1, 2});
  CHECK(!result.stopped);
  REQUIRE(result.history.size() == 3);
  for (const EpochReport& e : result.history) {
    for (const double number : {e.train_loss, e.validation_loss, e.mean_entropy, e.images_per_second, e.seconds})
      CHECK((std::isfinite(number) && number > 0));
    for (const double accuracy : {e.train_accuracy, e.validation_accuracy}) {
      CHECK((accuracy >= 0 && accuracy <= 1));
      CHECK(std::fmod(accuracy * 32, 1) == 0);  // of 32 images each
    }
    CHECK(e.learning_rate == Approx(0.001 + 0.024 * (1 + std::cos(std::numbers::pi * e.epoch / 3.)) / 2));
    CHECK(e.mean_entropy <= std::log(8.));
    CHECK(e.mean_entropy == mean_entropy(e.alphas));
  }
  CHECK(result.history[0].learning_rate == 0.025);
  CHECK(result.history[2].alphas == result.supernet->alpha_matrices());
  CHECK(result.initial_alphas != result.history[0].alphas);
  CHECK(result.history[0].alphas != result.history[2].alphas);
}

TEST_CASE("a search learns: loss falls") {
  SearchOptions options = small_search();
  options.channels = 4;
  options.epochs = 6;
  options.augmentation = {};
  options.bilevel.weights.learning_rate = 0.1;
  const SearchResult result = search(figures(), options);
  CHECK(result.history.back().train_loss < 0.8 * result.history.front().train_loss);
}

TEST_CASE("a search can be stopped, and reports what it has done") {
  SearchOptions options = small_search();
  options.epochs = 3;
  int asked = 0;
  SECTION("in the middle of an epoch") {
    const SearchResult result = search(figures(), options, {.stop = [&] { return ++asked == 4; }});
    CHECK(result.stopped);
    REQUIRE(result.history.size() == 2);
    CHECK(result.history[1].train_loss > 0);
  }
  SECTION("between two epochs: an epoch without a step is none") {
    const SearchResult result = search(figures(), options, {.stop = [&] { return ++asked == 3; }});
    CHECK(result.stopped);
    CHECK(result.history.size() == 1);
  }
  SECTION("at once") {
    const SearchResult result = search(figures(), options, {.stop = [] { return true; }});
    CHECK(result.stopped);
    CHECK(result.history.empty());
    CHECK(result.supernet->alpha_matrices() == result.initial_alphas);
  }
}

TEST_CASE("a loss that is not a number ends a search with an error") {
  SearchOptions options = small_search();
  options.bilevel.weights.learning_rate = 1e38;
  for (const Order order : {Order::first, Order::second, Order::exact}) {
    options.bilevel.order = order;
    CHECK_THROWS_AS(search(figures(), options), NumericError);
  }
}

TEST_CASE("the chain of the lecture is searched by the same loop") {
  SearchOptions options = small_search();
  options.space = "lecture";
  options.channels = 4;
  options.layers = 4;
  const SearchResult result = search(figures(), options);
  CHECK(result.history.size() == 1);
  CHECK(result.supernet->alpha_matrices().size() == 4);
  CHECK(result.supernet->alpha_matrices() != result.initial_alphas);
}

TEST_CASE("presets are named and describe themselves") {
  for (const Preset& preset : presets()) {
    CHECK(preset_named(preset.name).meaning == preset.meaning);
    CHECK(!describe(preset.options).empty());
  }
  const SearchOptions& paper = preset_named("darts").options;
  CHECK(paper.channels == 16);
  CHECK(paper.layers == 8);
  CHECK(paper.epochs == 50);
  CHECK(paper.batch == 64);
  CHECK_THROWS_AS(preset_named("huge"), UsageError);
}
