// What a tape holds, and when it lets go.
#include <catch2/catch.hpp>

#include "engine/autograd/tape.h"
#include "engine/ops/ops.h"
#include "engine/tensor/buffer_pool.h"

namespace nascent {

TEST_CASE("saved bytes count shared storage once, and leaves only where an op saved them") {
  const Tensor a = Tensor::full({10}, 1), b = Tensor::full({10}, 2);
  Tape tape;
  tape.watch(std::vector{a, b});
  CHECK(tape.saved_bytes() == 0);
  const Tensor y = a + b;  // saves nothing
  CHECK(tape.saved_bytes() == 0);
  const Tensor z = relu(y);  // its output
  CHECK(tape.saved_bytes() == 40);
  const Tensor product = z * a;  // z is held already
  CHECK(tape.saved_bytes() == 80);
  CHECK(tape.nodes().back().saved_bytes() == 80);
}

TEST_CASE("going backward frees what was saved") {
  const std::size_t before = BufferPool::instance().report().live_bytes;
  {
    const Tensor a = Tensor::full({1000}, 0.5);
    const std::size_t leaf = BufferPool::instance().report().live_bytes - before;
    Tape tape;
    tape.watch(a);
    Tensor loss;
    {
      Tensor x = a;
      for (int i = 0; i < 20; ++i) x = exp(affine(x, {.factor = -1}));
      loss = sum(x);
      const Tensor later = exp(loss);  // recorded after the loss: never walked, freed all the same
    }
    CHECK(BufferPool::instance().report().live_bytes >= before + 20 * leaf);
    {
      const Gradients g = tape.backward(loss);
      CHECK(g.size() == 1);
    }
    CHECK(tape.saved_bytes() == 0);
    CHECK(BufferPool::instance().report().live_bytes == before + leaf + BufferPool::kAlignment);  // the leaf, the loss
  }
  CHECK(BufferPool::instance().report().live_bytes == before);
}

TEST_CASE("memory falls while the walk goes on") {
  const Tensor a = Tensor::full({1000}, 0.5);
  Tape tape;
  tape.watch(a);
  Tensor x = a;
  for (int i = 0; i < 50; ++i) x = exp(affine(x, {.factor = -1}));
  const Tensor loss = sum(x);
  x = {};
  BufferPool::instance().reset_peak();
  const std::size_t start = BufferPool::instance().report().live_bytes;
  tape.backward(loss);
  CHECK(BufferPool::instance().report().peak_bytes < start + 5 * a.bytes());
}

TEST_CASE("the tape counts multiply-adds of matrix products") {
  const Tensor x = Tensor::zeros({5, 4}), w = Tensor::zeros({3, 4});
  Tape tape;
  tape.watch(w);
  linear(x, w, {});
  CHECK(tape.macs() == 5 * 4 * 3);
}

}  // namespace nascent
