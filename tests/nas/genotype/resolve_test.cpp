#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "engine/tensor/error.h"
#include "nas/genotype/genotype.h"

using namespace nascent;
using namespace nascent::nas;

namespace {

struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / "nascent-genotype-resolve-test";
  Folder() {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name, const std::string& contents) const {
    std::ofstream(path / name, std::ios::binary) << contents;
    return (path / name).string();
  }
};

}  // namespace

TEST_CASE("the genotype argument takes a name, a text, JSON or a file of either") {
  const Folder folder;
  const Genotype genotype = published_genotype("PC_DARTS_cifar").value();
  CHECK(resolve_genotype("PC_DARTS_cifar") == genotype);
  CHECK(resolve_genotype(to_text(genotype)) == genotype);
  CHECK(resolve_genotype("\n Genotype (" + to_text(genotype).substr(9)) == genotype);
  CHECK(resolve_genotype(to_json(genotype)) == genotype);
  CHECK(resolve_genotype(folder.file("genotype.txt", to_text(genotype) + "\n")) == genotype);
  CHECK(resolve_genotype(folder.file("genotype.json", to_json(genotype) + "\n")) == genotype);
}

TEST_CASE("the genotype argument says whose fault it is") {
  const Folder folder;
  CHECK_THROWS_AS(resolve_genotype(""), UsageError);
  CHECK_THROWS_AS(resolve_genotype("resnet"), UsageError);
  CHECK_THROWS_AS(resolve_genotype(std::string(100000, 'x')), UsageError);
  CHECK_THROWS_WITH(resolve_genotype("darts_v2"),
                    Catch::Contains("Did you mean 'DARTS_V2'?") && Catch::Contains("GDAS_V1"));
  CHECK_THROWS_AS(resolve_genotype(folder.path.string()), FileError);
  CHECK_THROWS_AS(resolve_genotype((folder.path / "missing.txt").string()), FileError);
  const std::string empty = folder.file("empty.txt", "");
  CHECK_THROWS_WITH(resolve_genotype(empty), Catch::StartsWith(empty + ": empty"));
  const std::string page = folder.file("page.txt", "<html>404</html>");
  CHECK_THROWS_WITH(resolve_genotype(page),
                    Catch::StartsWith(page + ": expected 'Genotype(' or JSON, got '<' at character 0"));
  CHECK_THROWS_AS(resolve_genotype(page), DataError);
  CHECK_THROWS_WITH(resolve_genotype(folder.file("long.txt", std::string(200000, 'G'))), Catch::Contains("too long"));
  CHECK_THROWS_AS(resolve_genotype("Genotype(normal=[])"), DataError);
}
