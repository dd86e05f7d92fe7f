#include <catch2/catch.hpp>

#include "engine/tensor/error.h"
#include "nas/genotype/genotype.h"
#include "tests/engine/io/temporary_folder.h"

using namespace nascent;
using namespace nascent::nas;
using nascent::test::TemporaryFolder;

TEST_CASE("the genotype argument takes a name, a text, JSON or a file of either") {
  const TemporaryFolder folder;
  const Genotype genotype = published_genotype("PC_DARTS_cifar").value();
  CHECK(resolve_genotype("PC_DARTS_cifar") == genotype);
  CHECK(resolve_genotype(to_text(genotype)) == genotype);
  CHECK(resolve_genotype("\n Genotype (" + to_text(genotype).substr(9)) == genotype);
  CHECK(resolve_genotype(to_json(genotype)) == genotype);
  CHECK(resolve_genotype(folder.write("genotype.txt", to_text(genotype) + "\n").string()) == genotype);
  CHECK(resolve_genotype(folder.write("genotype.json", to_json(genotype) + "\n").string()) == genotype);
}

TEST_CASE("the genotype argument says whose fault it is") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(resolve_genotype(""), UsageError);
  CHECK_THROWS_AS(resolve_genotype("resnet"), UsageError);
  CHECK_THROWS_AS(resolve_genotype(std::string(100000, 'x')), UsageError);
  CHECK_THROWS_WITH(resolve_genotype("darts_v2"),
                    Catch::Contains("Did you mean 'DARTS_V2'?") && Catch::Contains("GDAS_V1"));
  CHECK_THROWS_AS(resolve_genotype(folder.path().string()), FileError);
  CHECK_THROWS_AS(resolve_genotype((folder / "missing.txt").string()), FileError);
  const std::string empty = folder.write("empty.txt", "").string();
  CHECK_THROWS_WITH(resolve_genotype(empty), Catch::StartsWith(empty + ": empty"));
  const std::string page = folder.write("page.txt", "<html>404</html>").string();
  CHECK_THROWS_WITH(resolve_genotype(page),
                    Catch::StartsWith(page + ": expected 'Genotype(' or JSON, got '<' at character 0"));
  CHECK_THROWS_AS(resolve_genotype(page), DataError);
  const std::string endless = folder.write("endless.txt", std::string(200000, 'G')).string();
  CHECK_THROWS_WITH(resolve_genotype(endless), Catch::Contains("too long"));
  CHECK_THROWS_AS(resolve_genotype("Genotype(normal=[])"), DataError);
}
