#include "nas/supernet/supernet.h"

#include "engine/tensor/random.h"
#include "nas/supernet/darts_supernet.h"
#include "nas/supernet/lecture_supernet.h"

namespace nascent::nas {

std::vector<Tensor> Supernet::alphas() const {
  std::vector<Tensor> out;
  for (const NamedAlpha& alpha : alphas_) out.push_back(alpha.value);
  return out;
}

std::int64_t Supernet::alpha_count() const {
  std::int64_t count = 0;
  for (const NamedAlpha& alpha : alphas_) count += alpha.value.elements();
  return count;
}

Tensor Supernet::add_alpha(const std::string& name, const Shape& shape) {
  Tensor alpha = Tensor::empty(shape, store_.dtype());
  const Random random(store_.seed(), name);
  visit(alpha.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* values = alpha.mutable_data<T>();
    for (std::int64_t i = 0; i < alpha.elements(); ++i) values[i] = static_cast<T>(1e-3 * random.normal(i));
  });
  alphas_.push_back({name, alpha});
  return alpha;
}

std::unique_ptr<Supernet> make_supernet(const Space& space, const SupernetOptions& options) {
  check_network_size({options.channels, options.layers, options.image, options.classes});
  if (space.name == "lecture") return std::make_unique<LectureSupernet>(space, options);
  return std::make_unique<DartsSupernet>(options);
}

}  // namespace nascent::nas
