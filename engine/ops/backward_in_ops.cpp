#include "engine/ops/backward_in_ops.h"

#include <algorithm>

#include "engine/autograd/tape.h"

namespace nascent {

void backward_in_ops(Vjp& v, const std::vector<Tensor>& inputs, const std::function<Tensor()>& plain,
                     const Where& where) {
  std::vector<Tensor> wanted;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (v.needs(static_cast<int>(i))) wanted.push_back(inputs[i]);
  const Tensor seed = v.dy();
  const Gradients gradients =
      Tape::active()->backward(plain(), {.wrt = wanted, .seed = seed, .create_graph = true}, where);
  std::vector<const Storage*> done;  // an operand given twice has one gradient
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (v.needs(static_cast<int>(i)) && std::find(done.begin(), done.end(), inputs[i].storage()) == done.end()) {
      done.push_back(inputs[i].storage());
      v.add(static_cast<int>(i), gradients[inputs[i]]);
    }
}

}  // namespace nascent
