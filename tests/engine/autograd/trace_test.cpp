#include "engine/autograd/trace.h"

#include <catch2/catch.hpp>

#include "engine/ops/ops.h"

namespace nascent {

TEST_CASE("a trace names op, shape, bytes, inputs and the caller's line") {
  const Tensor w = Tensor::zeros({2, 3}), x = Tensor::zeros({3});
  Tape tape;
  tape.watch(w);
  const int line = __LINE__ + 1;
  const Tensor y = relu(w * x);
  const std::string text = trace(tape);
  const std::string at = "trace_test\\.cpp:" + std::to_string(line) + "\n";
  CHECK_THAT(text, Catch::Matches("(.|\n)*\n +0  leaf +\\[2, 3\\](.|\n)*"));
  CHECK_THAT(text, Catch::Matches("(.|\n)*\n +1  multiply +\\[2, 3\\] +36 +0 const +" + at + "(.|\n)*"));
  CHECK_THAT(text, Catch::Matches("(.|\n)*\n +2  relu +\\[2, 3\\] +24 +1 +" + at));
}

}  // namespace nascent
