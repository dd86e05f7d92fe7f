#include "engine/autograd/transforms.h"

#include "engine/autograd/tape.h"
#include "engine/ops/ops.h"

namespace nascent {
namespace {

std::vector<Tensor> collect(const Gradients& gradients, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> out;
  for (const Tensor& x : inputs) out.push_back(gradients[x]);
  return out;
}

}  // namespace

ValueAndGrad value_and_grad(const ScalarFunction& f, const std::vector<Tensor>& inputs, Where where) {
  Tape tape;
  tape.watch(inputs, where);
  const Tensor value = f(inputs);
  return {value.detach(), collect(tape.backward(value, {}, where), inputs)};
}

std::vector<Tensor> hvp(const ScalarFunction& f, const std::vector<Tensor>& inputs, const std::vector<Tensor>& v,
                        Where where) {
  Tape tape;
  tape.watch(inputs, where);
  const Gradients first = tape.backward(f(inputs), {.create_graph = true}, where);
  Tensor product = Tensor::scalar(0, inputs[0].dtype());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (const Tensor* g = first.find(inputs[i])) product = add(product, dot(*g, v[i], where), where);
  if (tape.index_of(product, where) < 0) {  // f is linear: its gradient depends on nothing
    std::vector<Tensor> zeros;
    for (const Tensor& x : inputs) zeros.push_back(Tensor::zeros(x.shape(), x.dtype()));
    return zeros;
  }
  return collect(tape.backward(product, {.wrt = inputs}, where), inputs);
}

}  // namespace nascent
