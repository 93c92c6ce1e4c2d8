package sim_test
