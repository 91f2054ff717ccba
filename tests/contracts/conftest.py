import pytest

pytest.register_assert_rewrite(
    "tests.contracts.provider_contract_changing",
    "tests.contracts.provider_contract_looking",
    "tests.contracts.provider_contract_reading",
    "tests.contracts.provider_contract_uploading",
    "tests.contracts.provider_harness",
)
