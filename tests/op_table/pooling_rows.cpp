#include "engine/ops/ops.h"
#include "kernels/pool2d.h"
#include "tests/op_table/op_table.h"
#include "tests/op_table/stages.h"

namespace nascent {
namespace {

struct PoolCase {
  Shape x;
  PoolOptions options;

  std::string text() const {
    return "x " + x.text() + ", kernel " + std::to_string(options.kernel) + ", stride " +
           std::to_string(options.stride) + ", padding " + std::to_string(options.padding) +
           (options.count_padding ? " (counted)" : "");
  }
  kernels::PoolShape sizes() const {
    return {.batch = x[0],
            .height = x[1],
            .width = x[2],
            .channels = x[3],
            .kernel = options.kernel,
            .stride = options.stride,
            .padding = options.padding};
  }
  Shape y() const { return {x[0], sizes().out_height(), sizes().out_width(), x[3]}; }
  // Some legal choice of winners: those of a pooling of random numbers. Made when first asked for: a table of large
  // shapes is built by every test.
  std::function<WinningTaps()> taps() const {
    return [*this, made = std::make_shared<WinningTaps>()] {
      if (*made) return *made;
      const Random random(7, "taps");
      std::vector<double> image(x.elements()), pooled(y().elements());
      for (std::size_t i = 0; i < image.size(); ++i) image[i] = random.normal(i);
      const auto taps = std::make_shared<std::vector<std::uint8_t>>(pooled.size());
      kernels::max_pool2d(sizes(), image.data(), pooled.data(), taps->data());
      return *made = {taps, taps->data()};
    };
  }

  Sample max() const {
    return {text(), {x}, [*this](const auto& in) { return max_pool2d(in[0], options); }};
  }
  Sample gather() const {
    return {text(), {x}, [*this, t = taps()](const auto& in) { return max_pool2d_gather(in[0], t(), options); }};
  }
  Sample scatter() const {
    return {text(), {y()}, [*this, t = taps()](const auto& in) { return max_pool2d_scatter(in[0], t(), x, options); }};
  }
  Sample average() const {
    return {text(), {x}, [*this](const auto& in) { return avg_pool2d(in[0], options); }};
  }
  Sample average_grad() const {
    return {text(), {y()}, [*this](const auto& in) { return avg_pool2d_grad(in[0], x, options); }};
  }
  Sample global() const {
    return {"x " + x.text(), {x}, [](const auto& in) { return global_avg_pool2d(in[0]); }};
  }
};

const std::vector<PoolCase> kCases{
    {{2, 7, 5, 3}, {.kernel = 2, .stride = 2}},
    {{2, 7, 5, 19}, {.kernel = 3, .stride = 1, .padding = 1}},
    {{2, 7, 5, 3}, {.kernel = 3, .stride = 2, .padding = 1}},
    {{1, 8, 6, 5}, {.kernel = 3, .stride = 2, .padding = 1}},
    {{1, 8, 9, 2}, {.kernel = 5, .stride = 3, .padding = 2}},
    {{1, 5, 6, 2}, {.kernel = 3, .stride = 1}},
    {{1, 5, 5, 1}, {.kernel = 1, .stride = 2}},
    {{1, 1, 1, 1}, {.kernel = 3, .stride = 1, .padding = 1}},
};
std::vector<PoolCase> average_cases() {
  std::vector<PoolCase> cases = kCases;
  cases.push_back({{2, 7, 5, 3}, {.kernel = 3, .stride = 1, .padding = 1, .count_padding = true}});
  cases.push_back({{1, 8, 6, 17}, {.kernel = 3, .stride = 2, .padding = 1, .count_padding = true}});
  return cases;
}
// The pools of a search on 32x32 images, batch 64.
std::vector<PoolCase> timed() {
  std::vector<PoolCase> cases;
  for (const Stage& stage : timed_stages())
    for (const std::int64_t stride : {1, 2})
      cases.push_back({stage.images(), {.kernel = 3, .stride = stride, .padding = 1}});
  return cases;
}

std::vector<Sample> samples(const std::vector<PoolCase>& cases, Sample (PoolCase::*face)() const) {
  std::vector<Sample> out;
  for (const PoolCase& c : cases) out.push_back((c.*face)());
  return out;
}

using Pool = Tensor (*)(const Tensor&, PoolOptions, Where);

std::vector<ErrorCase> pool_errors(Pool pool, const std::string& op) {
  const auto error = [&](const Shape& x, PoolOptions options, const std::string& message) -> ErrorCase {
    return {[=] { pool(Tensor::zeros(x), options, Where::current()); },
            "\\[" + op + "\\] expected " + message + " \\(pooling_rows.cpp:\\d+\\)"};
  };
  const Shape x{2, 7, 5, 3};
  return {
      error({7, 5, 3}, {}, "input \\[batch, height, width, channels\\], got \\[7, 5, 3\\]"),
      error(x, {.kernel = 0}, "a kernel from 1 to 16, got 0"),
      error(x, {.kernel = 17}, "a kernel from 1 to 16, got 17"),
      error(x, {.stride = 0}, "a stride of at least 1, got 0"),
      error(x, {.padding = -1}, "a padding of at least 0, got -1"),
      error(x, {.kernel = 3, .padding = 2}, "a padding of at most half the kernel of 3, got 2"),
      error(x, {.kernel = 6}, "a window that fits the padded image 7x5, got 6x6"),
      {[=] { pool(Tensor(), {}, Where::current()); }, "\\[" + op + "\\] expected a tensor for input"},
  };
}

}  // namespace

std::vector<OpRow> pooling_rows() {
  const Shape x{2, 7, 5, 3}, wrong_y{2, 3, 3, 3};
  const WinningTaps taps = PoolCase{x, {}}.taps()();
  const std::string wrong_shape = "\\] expected dy of shape \\[2, 3, 2, 3\\], got \\[2, 3, 3, 3\\]";
  const std::string no_taps = "\\] expected the winning taps of a max pooling, got none";
  return {
      {.op = "max_pool2d",
       .formula = "y[n,i,j,c] = max over the window of x; padding is minus infinity, the first of equal values wins",
       .samples = samples(kCases, &PoolCase::max),
       .errors = pool_errors(max_pool2d, "max_pool2d"),
       .benchmark = samples(timed(), &PoolCase::max)},
      {.op = "max_pool2d_gather",
       .formula = "y[n,i,j,c] = x at the winning tap of the window",
       .samples = samples(kCases, &PoolCase::gather),
       .errors = {{[=] { max_pool2d_gather(Tensor::zeros(x), nullptr, {}); }, "\\[max_pool2d_gather" + no_taps}},
       .benchmark = samples(timed(), &PoolCase::gather)},
      {.op = "max_pool2d_scatter",
       .formula = "dx[p] = sum of dy over the windows that p won",
       .samples = samples(kCases, &PoolCase::scatter),
       .errors = {{[=] { max_pool2d_scatter(Tensor::zeros(wrong_y), taps, x, {}); },
                   "\\[max_pool2d_scatter" + wrong_shape}},
       .benchmark = samples(timed(), &PoolCase::scatter)},
      {.op = "avg_pool2d",
       .formula = "y[n,i,j,c] = sum over the window of x / number of taps (inside the image, or all when counted)",
       .samples = samples(average_cases(), &PoolCase::average),
       .errors = pool_errors(avg_pool2d, "avg_pool2d"),
       .exact_on_integers = false,
       .benchmark = samples(timed(), &PoolCase::average)},
      {.op = "avg_pool2d_grad",
       .formula = "the dx with <dx, x> = <dy, avg_pool2d(x)> for every x",
       .samples = samples(average_cases(), &PoolCase::average_grad),
       .errors = {{[=] { avg_pool2d_grad(Tensor::zeros(wrong_y), x, {}); }, "\\[avg_pool2d_grad" + wrong_shape}},
       .exact_on_integers = false,
       .benchmark = samples(timed(), &PoolCase::average_grad)},
      {.op = "global_avg_pool2d",
       .formula = "y[n,c] = mean over i,j of x[n,i,j,c]",
       .samples = samples(kCases, &PoolCase::global),
       .errors = {{[=] {
                     global_avg_pool2d(Tensor::zeros({5, 3}));
                   },
                   "\\[global_avg_pool2d\\] expected input \\[batch, height, width, channels\\], got \\[5, 3\\]"}},
       .exact_on_integers = false,
       .benchmark = samples({{{64, 8, 8, 256}, {}}}, &PoolCase::global)},
  };
}

}  // namespace nascent
