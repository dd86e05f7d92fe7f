#include "nas/network/evaluate.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace nascent;
using namespace nascent::nas;

namespace {

// Predicts what the image says: its first pixel is the class, its second the logit of that class (others 0).
class Oracle final : public Module {
 public:
  Tensor forward(const Tensor& x, const Context& context) const override {
    CHECK(context.phase == Phase::evaluate);
    Tensor logits = Tensor::zeros({x.shape()[0], 3});
    const std::int64_t pixels = x.elements() / x.shape()[0];
    auto rows = logits.mutable_matrix<float>();
    for (std::int64_t n = 0; n < x.shape()[0]; ++n)
      rows(n, std::lround(x.at(n * pixels))) = static_cast<float>(std::lround(x.at(n * pixels + 1)));
    return logits;
  }
};

struct Case {
  std::uint8_t predicted, logit;
  std::int32_t truth;
};

const std::vector<Case> cases = {{0, 3, 0}, {1, 2, 0}, {2, 5, 2}, {0, 4, 1}, {1, 9, 1}, {1, 2, 2}, {0, 1, 2}};

Dataset hand_made() {
  Dataset data;
  data.channels = 1;
  data.height = 1;
  data.width = 2;
  data.classes = 3;
  data.class_names = {"a", "b", "c"};
  for (const Case& c : cases) {
    data.pixels.insert(data.pixels.end(), {c.predicted, c.logit});
    data.labels.push_back(c.truth);
  }
  return data;
}

// So that a pixel's number reaches the network as it is.
const Normalization plain{.mean = {0}, .deviation = {1 / 255.f}};

double confidence(double logit) { return std::exp(logit) / (std::exp(logit) + 2); }

}  // namespace

TEST_CASE("an evaluation counts what was taken for what, and keeps the most confident mistakes") {
  const Evaluation e = evaluate(Oracle(), hand_made(), plain);
  CHECK(e.accuracy == 3. / 7);
  CHECK(e.confusion == std::vector<std::vector<std::int64_t>>{{1, 1, 0}, {1, 1, 0}, {1, 1, 1}});

  double loss = 0;
  for (const Case& c : cases)
    loss += std::log(std::exp(c.logit) + 2) - (c.predicted == c.truth ? static_cast<double>(c.logit) : 0.);
  CHECK(e.loss == Approx(loss / 7).epsilon(1e-6));

  REQUIRE(e.mistakes.size() == 4);
  const std::int64_t order[] = {3, 1, 5, 6};  // 1 and 5 are equally sure: the earlier image first
  for (std::size_t i = 0; i < 4; ++i) {
    const Case& c = cases[order[i]];
    CHECK(e.mistakes[i].image == order[i]);
    CHECK(e.mistakes[i].truth == c.truth);
    CHECK(e.mistakes[i].predicted == c.predicted);
    CHECK(e.mistakes[i].confidence == Approx(confidence(c.logit)).epsilon(1e-6));
  }
}

TEST_CASE("an evaluation does not depend on how it is cut into batches") {
  const Evaluation whole = evaluate(Oracle(), hand_made(), plain);
  for (const std::int64_t batch : {1, 2, 3, 7}) {
    const Evaluation cut = evaluate(Oracle(), hand_made(), plain, {.batch = batch});
    CHECK(cut.accuracy == whole.accuracy);
    CHECK(cut.confusion == whole.confusion);
    CHECK(cut.loss == Approx(whole.loss).epsilon(1e-6));
    REQUIRE(cut.mistakes.size() == whole.mistakes.size());
    for (std::size_t i = 0; i < cut.mistakes.size(); ++i) CHECK(cut.mistakes[i].image == whole.mistakes[i].image);
  }
}

TEST_CASE("an evaluation keeps as many mistakes as it is asked to") {
  const Evaluation e = evaluate(Oracle(), hand_made(), plain, {.keep_mistakes = 2});
  REQUIRE(e.mistakes.size() == 2);
  CHECK(e.mistakes[0].image == 3);
  CHECK(e.mistakes[1].image == 1);
}
