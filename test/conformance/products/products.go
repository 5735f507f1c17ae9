// Package products is a subgraph with everything that a federation of version 2.3 has: entities by several keys, fields that
// it provides or requires, types that it shares. Apollo's compatibility suite asks for it, with the data that is here.
package products

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
)

//go:generate go tool gqlgen generate

// Schema is the subgraph, to be executed.
func Schema() graphql.ExecutableSchema { return NewExecutableSchema(Config{Resolvers: root{}}) }

type root struct{}

func (root) Query() QueryResolver   { return query{} }
func (root) Entity() EntityResolver { return entity{} }
func (root) User() UserResolver     { return user{} }

type query struct{}

func (query) Product(_ context.Context, id string) (*Product, error) {
	return find(products(), func(p *Product) bool { return p.ID == id }), nil
}

func (query) DeprecatedProduct(_ context.Context, sku, pkg string) (*DeprecatedProduct, error) {
	return find(deprecated(), func(p *DeprecatedProduct) bool { return p.Sku == sku && p.Package == pkg }), nil
}

type entity struct{}

func (entity) FindProductByID(ctx context.Context, id string) (*Product, error) {
	return query{}.Product(ctx, id)
}

func (entity) FindProductBySkuAndPackage(_ context.Context, sku, pkg *string) (*Product, error) {
	return find(products(), func(p *Product) bool { return same(p.Sku, sku) && same(p.Package, pkg) }), nil
}

func (entity) FindProductBySkuAndVariationID(_ context.Context, sku *string, variation string) (*Product, error) {
	return find(products(), func(p *Product) bool { return same(p.Sku, sku) && p.Variation.ID == variation }), nil
}

func (entity) FindDeprecatedProductBySkuAndPackage(ctx context.Context, sku, pkg string) (*DeprecatedProduct, error) {
	return query{}.DeprecatedProduct(ctx, sku, pkg)
}

func (entity) FindProductResearchByStudyCaseNumber(_ context.Context, number string) (*ProductResearch, error) {
	return find(research(), func(r *ProductResearch) bool { return r.Study.CaseNumber == number }), nil
}

func (entity) FindInventoryByID(_ context.Context, id string) (*Inventory, error) {
	return &Inventory{ID: id, DeprecatedProducts: deprecated()}, nil
}

func (entity) FindUserByEmail(_ context.Context, email string) (*User, error) {
	return find([]*User{jane()}, func(u *User) bool { return u.Email == email }), nil
}

type user struct{}

// AverageProductsCreatedPerYear is made of fields of another subgraph, which the gateway brings along.
func (user) AverageProductsCreatedPerYear(_ context.Context, u *User) (*int, error) {
	if u.TotalProductsCreated == nil || u.YearsOfEmployment == 0 {
		return nil, errors.New("what is required didn't come")
	}
	return new(*u.TotalProductsCreated / u.YearsOfEmployment), nil
}

func products() []*Product {
	return []*Product{
		{
			ID: "apollo-federation", Sku: new("federation"), Package: new("@apollo/federation"), Variation: &ProductVariation{ID: "OSS"},
			Dimensions: dimension(), CreatedBy: jane(), Research: research()[:1],
		},
		{
			ID: "apollo-studio", Sku: new("studio"), Package: new(""), Variation: &ProductVariation{ID: "platform"},
			Dimensions: dimension(), CreatedBy: jane(), Research: research()[1:],
		},
	}
}

func dimension() *ProductDimension {
	return &ProductDimension{Size: new("small"), Weight: new(1.0), Unit: new("kg")}
}

func research() []*ProductResearch {
	return []*ProductResearch{
		{Study: &CaseStudy{CaseNumber: "1234", Description: new("Federation Study")}},
		{Study: &CaseStudy{CaseNumber: "1235", Description: new("Studio Study")}},
	}
}

func deprecated() []*DeprecatedProduct {
	return []*DeprecatedProduct{{
		Sku: "apollo-federation-v1", Package: "@apollo/federation-v1", Reason: new("Migrate to Federation V2"), CreatedBy: jane(),
	}}
}

// jane has, when she comes with a product, what that field provides of her.
func jane() *User {
	return &User{Email: "support@apollographql.com", Name: new("Jane Smith"), TotalProductsCreated: new(1337)}
}

func same(a, b *string) bool { return a != nil && b != nil && *a == *b }

// find is the first that fits, or nil.
func find[T any](all []*T, fits func(*T) bool) *T {
	for _, one := range all {
		if fits(one) {
			return one
		}
	}
	return nil
}
