// Each cell as its authors' repositories print it: quark0/darts, yuhuixu1993/PC-DARTS, chenxin061/pdarts,
// xiangning-chen/DrNAS and D-X-Y/AutoDL-Projects.
#include <map>

#include "nas/genotype/genotype.h"

namespace nascent::nas {
namespace {

constexpr const char* max3 = "max_pool_3x3";
constexpr const char* avg3 = "avg_pool_3x3";
constexpr const char* skip = "skip_connect";
constexpr const char* sep3 = "sep_conv_3x3";
constexpr const char* sep5 = "sep_conv_5x5";
constexpr const char* dil3 = "dil_conv_3x3";
constexpr const char* dil5 = "dil_conv_5x5";

using Genes = std::vector<Gene>;

Genotype with_four_nodes(Genes normal, Genes reduce) {
  return {std::move(normal), std::move(reduce), {2, 3, 4, 5}, {2, 3, 4, 5}};
}

const std::map<std::string, Genotype, std::less<>>& table() {
  static const std::map<std::string, Genotype, std::less<>> genotypes{
      {"DARTS_V1",
       with_four_nodes(Genes{{sep3, 1}, {sep3, 0}, {skip, 0}, {sep3, 1}, {skip, 0}, {sep3, 1}, {sep3, 0}, {skip, 2}},
                       Genes{{max3, 0}, {max3, 1}, {skip, 2}, {max3, 0}, {max3, 0}, {skip, 2}, {skip, 2}, {avg3, 0}})},
      {"DARTS_V2",
       with_four_nodes(Genes{{sep3, 0}, {sep3, 1}, {sep3, 0}, {sep3, 1}, {sep3, 1}, {skip, 0}, {skip, 0}, {dil3, 2}},
                       Genes{{max3, 0}, {max3, 1}, {skip, 2}, {max3, 1}, {max3, 0}, {skip, 2}, {skip, 2}, {max3, 1}})},
      {"PC_DARTS_cifar",
       with_four_nodes(Genes{{sep3, 1}, {skip, 0}, {sep3, 0}, {dil3, 1}, {sep5, 0}, {sep3, 1}, {avg3, 0}, {dil3, 1}},
                       Genes{{sep5, 1}, {max3, 0}, {sep5, 1}, {sep5, 2}, {sep3, 0}, {sep3, 3}, {sep3, 1}, {sep3, 2}})},
      {"PC_DARTS_image",
       with_four_nodes(Genes{{skip, 1}, {sep3, 0}, {sep3, 0}, {skip, 1}, {sep3, 1}, {sep3, 3}, {sep3, 1}, {dil5, 4}},
                       Genes{{sep3, 0}, {skip, 1}, {dil5, 2}, {max3, 1}, {sep3, 2}, {sep3, 1}, {sep5, 0}, {sep3, 3}})},
      {"PDARTS",
       with_four_nodes(Genes{{skip, 0}, {dil3, 1}, {skip, 0}, {sep3, 1}, {sep3, 1}, {sep3, 3}, {sep3, 0}, {dil5, 4}},
                       Genes{{avg3, 0}, {sep5, 1}, {sep3, 0}, {dil5, 2}, {max3, 0}, {dil3, 1}, {dil3, 1}, {dil5, 3}})},
      {"DrNAS_cifar10",
       with_four_nodes(Genes{{sep3, 0}, {sep5, 1}, {sep3, 1}, {sep3, 2}, {skip, 0}, {sep3, 1}, {sep3, 2}, {dil5, 3}},
                       Genes{{max3, 0}, {sep5, 1}, {dil5, 2}, {sep5, 1}, {sep5, 1}, {dil5, 3}, {skip, 4}, {sep5, 1}})},
      {"GDAS_V1",
       with_four_nodes(Genes{{skip, 0}, {skip, 1}, {skip, 0}, {sep5, 2}, {sep3, 3}, {skip, 0}, {sep5, 4}, {sep3, 3}},
                       Genes{{sep5, 0}, {sep3, 1}, {sep5, 2}, {sep5, 1}, {dil5, 2}, {sep3, 1}, {sep5, 0}, {sep5, 1}})},
  };
  return genotypes;
}

}  // namespace

std::optional<Genotype> published_genotype(std::string_view name) {
  const auto found = table().find(name);
  return found == table().end() ? std::nullopt : std::optional(found->second);
}

const std::vector<std::string>& published_names() {
  static const std::vector<std::string> names{"DARTS_V1", "DARTS_V2",      "PC_DARTS_cifar", "PC_DARTS_image",
                                              "PDARTS",   "DrNAS_cifar10", "GDAS_V1"};
  return names;
}

}  // namespace nascent::nas
