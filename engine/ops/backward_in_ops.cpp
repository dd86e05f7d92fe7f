#include "engine/ops/backward_in_ops.h"

#include <algorithm>

#include "engine/autograd/tape.h"

namespace nascent {

void backward_in_ops(Vjp& v, const std::vector<Tensor>& inputs, const std::function<std::vector<Tensor>()>& plain,
                     const Where& where) {
  std::vector<Tensor> wanted;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (v.needs(static_cast<int>(i))) wanted.push_back(inputs[i]);
  const std::vector<Tensor> outputs = plain();
  Tensor first;
  Backward how{.wrt = wanted, .create_graph = true};
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& dy = v.dy(static_cast<int>(i));
    if (!dy.defined() || Tape::active()->index_of(outputs[i], where) < 0) continue;
    if (!first.defined())
      first = outputs[i], how.seed = dy;
    else
      how.others.push_back(outputs[i]), how.other_seeds.push_back(dy);
  }
  const Gradients gradients = Tape::active()->backward(first, how, where);
  std::vector<const Storage*> done;  // an operand given twice has one gradient
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (v.needs(static_cast<int>(i)) && std::find(done.begin(), done.end(), inputs[i].storage()) == done.end()) {
      done.push_back(inputs[i].storage());
      v.add(static_cast<int>(i), gradients[inputs[i]]);
    }
}

}  // namespace nascent
