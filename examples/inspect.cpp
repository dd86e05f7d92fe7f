// Counts parameters and multiply-adds of a network or a supernet, without training it.
#include <iostream>
#include <nlohmann/json.hpp>

#include "examples/support/cli.h"
#include "examples/support/numbers.h"
#include "examples/support/shape_flag.h"
#include "examples/support/table.h"
#include "nas/cost/cost.h"
#include "nas/network/derived_network.h"
#include "nas/search/preset.h"
#include "nas/supernet/supernet.h"

using namespace nascent;
using namespace nascent::examples;

namespace {

struct Counts {
  std::int64_t parameters = 0, macs = 0, alphas = 0;
};

Counts count_supernet(const nas::Space& space, const nas::SupernetOptions& options) {
  const auto supernet = nas::make_supernet(space, options);
  return {supernet->store().weight_count(), nas::count_macs(*supernet, supernet->store(), options.image),
          supernet->alpha_count()};
}

Counts count_network(const std::string& genotype, const nas::NetworkSize& size) {
  const nas::DerivedNetwork network(nas::resolve_genotype(genotype), {.size = size});
  return {network.parameter_count(), nas::count_macs(network, network.store(), size.image)};
}

}  // namespace

int main(int argc, char** argv) {
  std::string genotype, space;
  std::optional<std::int64_t> channels, layers;
  std::int64_t classes = 10;
  ImageFlag image;
  CommandLine cli("inspect", "Counts parameters and multiply-adds (convolutions and linear layers, one image).");
  cli.text("--genotype", genotype, "NAME|TEXT|FILE", "the network of this genotype");
  cli.choice("--supernet", space, nas::space_names(), "the supernet of this space");
  cli.number("--channels", channels, {1, 1024}, "of the first cells (default 36, a supernet 16)");
  cli.number("--layers", layers, {1, 100}, "cells (default 20, a supernet 8, of the lecture space 2)");
  cli.custom("--image", "CxHxW", "sizes like 3x32x32", "of one image (default 3x32x32)", [&](const std::string& text) {
    const auto parsed = parse_image(text);
    if (parsed) image = *parsed;
    return parsed.has_value();
  });
  cli.number("--classes", classes, {1, 100000}, "of the classifier");
  cli.example("inspect --genotype DARTS_V2", "the paper's network for CIFAR-10");
  cli.example("inspect --supernet darts --image 1x28x28 --json", "the search's, for scripts");
  return cli.run(argc, argv, [&](const CommonFlags& common) {
    if (genotype.empty() == space.empty()) throw UsageError("give one of --genotype and --supernet");
    const bool supernet = !space.empty();
    const nas::NetworkSize size{.channels = channels.value_or(supernet ? 16 : 36),
                                .layers = layers.value_or(space == "lecture" ? 2
                                                          : supernet         ? 8
                                                                             : 20),
                                .image = {image.channels, image.height, image.width},
                                .classes = classes};
    const Counts counts =
        supernet ? count_supernet(nas::space_of({.space = space, .layers = size.layers}),
                                  {size.channels, size.layers, size.image, size.classes, DType::f32, common.seed})
                 : count_network(genotype, size);
    if (common.json) {
      nlohmann::ordered_json out = {{"parameters", counts.parameters}, {"macs", counts.macs}};
      if (supernet) out["alphas"] = counts.alphas;
      std::cout << out.dump() << '\n';
      return 0;
    }
    Table table({{supernet ? "supernet" : "network"}, {"", Align::right}});
    table.row({"channels", grouped(size.channels)});
    table.row({"layers", grouped(size.layers)});
    table.row({"parameters", grouped(counts.parameters)});
    table.row({"multiply-adds an image", grouped(counts.macs)});
    if (supernet) table.row({"alphas", grouped(counts.alphas)});
    std::cout << table.text();
    return 0;
  });
}
