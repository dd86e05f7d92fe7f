#include "nas/cost/cost.h"

#include "engine/autograd/tape.h"

namespace nascent::nas {

std::int64_t count_macs(const Module& network, const ParameterStore& store, ImageSize image) {
  Tape tape({.counting_only = true});  // large images: nothing is kept but what the forward pass needs
  tape.watch(store.weights());
  network.forward(Tensor::zeros({1, image.height, image.width, image.channels}, store.dtype()),
                  {.phase = Phase::evaluate});
  return tape.macs();
}

}  // namespace nascent::nas
